"""Runs of pytest, one after the other, whose last line speaks for all.

With `-p tests.joined`, `--outcomes-to FILE` keeps what a run found, and `--outcomes-of FILE`, as
often as there were runs before, has the last one report and count it with its own. With
`--second-try` that run repeats what failed before: what passes now counts as flaky, not as passed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CLEAN = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
BAD = ("failed", "error")
# pytest counts a category that it does not know under its name.
FLAKY = "flaky"


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
    group.addoption(
        "--second-try", action="store_true", help="what failed before and passes now is flaky"
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
    passed, bad = _tried_again(reporter.stats) if config.option.second_try else (set(), set())
    for path in config.option.outcomes_of:
        for category, reports in outcomes(config, path.read_text()).items():
            for report in reports:
                again = category in BAD and report.nodeid in passed | bad
                if again and report.nodeid in bad:
                    # It failed here too, and is counted once.
                    continue
                reporter.stats.setdefault(FLAKY if again else category, []).append(report)
        # What this run left out is what the earlier one did.
        reporter.stats.pop("deselected", None)
    if config.option.outcomes_of and session.exitstatus in (*CLEAN, pytest.ExitCode.TESTS_FAILED):
        failed = any(reporter.stats.get(category) for category in BAD)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED if failed else pytest.ExitCode.OK


def _tried_again(stats: dict[str, list[Any]]) -> tuple[set[str], set[str]]:
    """The tests of a second try that passed, and that failed. Takes those that passed out."""
    bad = {report.nodeid for category in BAD for report in stats.get(category, ())}
    passed = {report.nodeid for report in stats.pop("passed", ())} - bad
    return passed, bad


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Flaky tests are told with the failure of their first try: each is a fault to be found."""
    for report in terminalreporter.stats.get(FLAKY, ()):
        terminalreporter.section(f"failed once: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


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
