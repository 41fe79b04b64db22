"""The learner's shells: the command lines that open one, each recorded at its PTY."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab_engine.errors import UsageError

if TYPE_CHECKING:
    from lab_engine.bench.container import Bench

RECORDER = (
    "sudo",
    "-n",
    "--preserve-env=TERM,LANG,COLORTERM",
    "/usr/bin/python3",
    "-I",
    "-S",
    "/opt/infralab/lib/lab_engine/recording/recorder.py",
)
"""Runs a learner's shell on a PTY that is recorded; as root, so that no shell command ends it."""

CONSOLE = ("/opt/infralab/venv/bin/python", "-I", "/usr/lib/infralab/console.py")
"""`lab_engine/console.py` as it lies in the bench, where the learner may run it."""


def shell_argv(bench: Bench, target: str, *, tty: bool = True) -> list[str]:
    """The command line that opens a shell at `target`.

    `bench`, `container:NAME`, `vm:NAME` (its serial console) or `netns:NAME`. Raises UsageError
    for anything else.
    """
    kind, _, name = target.partition(":")
    inner = {
        "bench": ["bash", "-l"],
        "container": ["docker", "exec", "-it" if tty else "-i", name, "sh"],
        "vm": [*CONSOLE, name],
        "netns": ["sudo", "ip", "netns", "exec", name, "bash"],
    }.get(kind)
    if inner is None or (kind != "bench") != bool(name):
        raise UsageError(
            f"there is no shell called {target!r}",
            hint="Say bench, container:NAME, vm:NAME or netns:NAME.",
        )
    if tty:
        inner = [*RECORDER, target, *inner]
    return bench.exec_argv(inner, user="learner", tty=tty, interactive=True)
