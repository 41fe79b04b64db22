"""What Slurm's controller tells, by its own clients and its log (agent side).

The clients speak to it over the network with the farm's secret, which is only root's, so that no
other server can answer in its place. A step that has ended is in the log alone: it is in memory
while it runs, and an accounting database is more than a bench wants.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lab_engine.common.patience import patient
from lab_engine.errors import DaemonDown, ProviderError

LOG: Final = Path("/var/log/slurm/slurmctld.log")
MOST: Final = 16 << 20
"""Bytes of the log's end that are read: some hours of steps."""
_SECONDS: Final = patient(10.0)
# Whatever the learner's shell says, root asks the farm of the bench.
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

# src/slurmctld/step_mgr.c, with DebugFlags=Steps.
_BEGAN: Final = re.compile(
    r"\[(?P<at>[-0-9T:.]+)\] STEPS: step_create_from_msg: JobId=(?P<job>\d+) StepId=(?P<step>\d+) "
)
_ENDED: Final = re.compile(
    r"\[(?P<at>[-0-9T:.]+)\] STEPS: Processing RPC details: REQUEST_STEP_COMPLETE for "
    r"StepId=(?P<job>\d+)\.(?P<step>\d+) .*rc=(?P<code>\d+)"
)


def ask(program: str, *words: str) -> str:
    """What a client prints. Raises DaemonDown without an answer, ProviderError when refused."""
    try:
        done = subprocess.run(
            [program, *words],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=_ENVIRONMENT,
            cwd="/",
        )
    except (subprocess.TimeoutExpired, FileNotFoundError) as error:
        raise DaemonDown(f"Slurm does not answer: {error}", daemon="slurm") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        if "Unable to contact" in said or "Connection refused" in said:
            raise DaemonDown(f"Slurm does not answer: {said}", daemon="slurm")
        raise ProviderError(f"`{program} {' '.join(words)}` was refused: {said}")
    return done.stdout.decode(errors="replace")


def listed(kind: str) -> list[dict[str, Any]]:
    """All that there are of a kind: `nodes`, `jobs` or `steps`."""
    found: list[dict[str, Any]] = json.loads(ask("scontrol", "--json", "show", kind))[kind]
    return found


def number(told: dict[str, Any]) -> int | None:
    """A number as Slurm's JSON has it; None where none is set, or there is no end."""
    return int(told["number"]) if told["set"] and not told["infinite"] else None


def noted(lines: Iterable[str]) -> dict[tuple[int, int], tuple[float, float, int]]:
    """Of each step, by its job's number and its own: when it began and ended, and with what code.

    A step on several machines is told of by each; it has ended with the last, and as the worst.
    """
    found: dict[tuple[int, int], tuple[float, float, int]] = {}
    for line in lines:
        if began := _BEGAN.match(line):
            found[int(began["job"]), int(began["step"])] = (_moment(began["at"]), 0.0, 0)
        elif ended := _ENDED.match(line):
            key = int(ended["job"]), int(ended["step"])
            first, _, code = found.get(key, (0.0, 0.0, 0))
            found[key] = first, _moment(ended["at"]), max(code, int(ended["code"]))
    return found


def log() -> list[str]:
    """The log's lines, or those at its end."""
    try:
        with LOG.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - MOST))
            return file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _moment(text: str) -> float:
    # In local time, as the controller writes it; the bench has one time zone for all.
    return datetime.fromisoformat(text).timestamp()
