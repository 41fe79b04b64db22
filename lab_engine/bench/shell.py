"""The learner's shells: the command lines that open one, each recorded at its PTY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lab_engine.errors import UsageError
from lab_engine.families.family import Shell
from lab_engine.families.registry import FAMILIES

if TYPE_CHECKING:
    from lab_engine.bench.container import Bench

# sudo makes a new environment (sudoers(5), env_reset) and full-screen programs need these three.
# -I: root loads nothing that PYTHONPATH, the user's site or the folder at hand holds.
RECORDER = (
    "sudo",
    "-n",
    "--preserve-env=TERM,LANG,COLORTERM",
    "/usr/bin/python3",
    "-I",
    "-S",
    "/opt/infralab/lib/lab_engine/inside/recorder.py",
)
"""Runs a learner's shell on a PTY that is recorded; as root, so that no shell command ends it."""

SHELLS: Final[dict[str, Shell]] = {
    kind: shell for family in FAMILIES.values() for kind, shell in family.shells.items()
}
"""Every kind of place besides the bench itself that a learner can have a shell in."""


def shell_argv(bench: Bench, target: str, *, tty: bool = True) -> list[str]:
    """The command line that opens a shell at `target`.

    `bench`, or `KIND:NAME` with a kind of `SHELLS`, such as `container:web`. Raises UsageError
    for anything else.
    """
    kind, _, name = target.partition(":")
    if target == "bench":
        inner = ["bash", "-l"]
    elif name and kind in SHELLS:
        inner = SHELLS[kind].argv(name, tty=tty)
    else:
        known = " or ".join(f"{kind}:NAME" for kind in sorted(SHELLS))
        raise UsageError(f"there is no shell called {target!r}", hint=f"Say bench, {known}.")
    if tty:
        inner = [*RECORDER, target, *inner]
    return bench.exec_argv(inner, user="learner", tty=tty, interactive=True)
