"""Runs of pytest, one after the other, whose last line speaks for all.

With `-p tests.joined`, `--outcomes-to FILE` keeps what a run found, and `--outcomes-of FILE`, as
often as there were runs before, has the last one report and count it with its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CLEAN = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
BAD = ("failed", "error")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("joined", "several runs, one summary")
    group.addoption("--outcomes-to", type=Path, metavar="FILE", help="keep what was found there")
    group.addoption(
        "--outcomes-of",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="count these as well",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Interrupted, xdist gives its processes ten seconds; taking down a bench with VMs takes longer.
    if config.pluginmanager.hasplugin("xdist"):
        from xdist.workermanage import NodeManager

        NodeManager.EXIT_TIMEOUT = 120


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Runs inside the terminal reporter's own hook, which writes the summary after it."""
    config = session.config
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    if path := config.option.outcomes_to:
        path.write_text(json.dumps(_serialized(config, reporter.stats)))
    for path in config.option.outcomes_of:
        earlier = outcomes(config, path.read_text())
        for category, reports in earlier.items():
            reporter.stats.setdefault(category, []).extend(reports)
        # What this run left out is what the earlier one did.
        reporter.stats.pop("deselected", None)
        if session.exitstatus in CLEAN:
            bad = any(earlier.get(category) for category in BAD)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED if bad else pytest.ExitCode.OK


def outcomes(config: pytest.Config, kept: str) -> dict[str, list[Any]]:
    """The reports of a run from what `--outcomes-to` wrote, by pytest's name for the outcome."""
    read = config.hook.pytest_report_from_serializable
    found: dict[str, list[Any]] = {}
    for category, reports in json.loads(kept).items():
        found[category] = [read(config=config, data=report) for report in reports]
        for report in found[category]:
            # Where it was skipped and why: pytest looks for a tuple, JSON knows only lists.
            if isinstance(report.longrepr, list):
                report.longrepr = tuple(report.longrepr)
    return found


def _serialized(config: pytest.Config, stats: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The reports that pytest counts, by its name for the outcome."""
    write = config.hook.pytest_report_to_serializable
    kept: dict[str, list[Any]] = {}
    for category, reports in stats.items():
        for report in reports:
            # Warnings and deselected tests are in there too; `""` is a fixture that worked.
            if category and isinstance(report, pytest.TestReport | pytest.CollectReport):
                # The worker that xdist names is gone by then.
                vars(report).pop("node", None)
                kept.setdefault(category, []).append(write(config=config, report=report))
    return kept
