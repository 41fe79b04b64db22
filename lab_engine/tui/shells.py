"""Shells that outlive the screen: each runs in tmux in the bench, on a socket of our own.

tmux keeps what scrolls off, copies with the mouse, and goes on when this program ends. Its status
line and its prefix key are off, so that a learner meets only the shell, and may use tmux in it; how
it is set is in CONFIG.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lab_engine.bench.shell import SHELLS, shell_argv

if TYPE_CHECKING:
    from lab_engine.bench.container import Bench

SOCKET: Final = "infralab"
CONFIG: Final = "/usr/lib/infralab/tmux.conf"
"""In the bench: `bench/rootfs` has it."""
SOLUTION: Final = "solution"
"""A second shell in the bench, where a solution is typed when the first one is in use."""


_ANOTHER: Final = re.compile(r"bench-\d+\Z")


def another(number: int) -> str:
    """The target that is one more shell in the bench; `number` from 2."""
    return f"bench-{number}"


def session_name(target: str) -> str:
    """A name without dot and colon, which tmux does not take."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", target)


def title(target: str) -> str:
    """What a tab is called."""
    kind, _, name = target.partition(":")
    there = SHELLS.get(kind)
    return f"{there.sign} {name}" if name and there else name or kind


def lasting(bench: Bench, target: str, *, alone: bool = True) -> list[str]:
    """The command line that attaches to the shell at `target`, and starts it when there is none.

    With `alone`, others that are attached to it are detached.
    Raises UsageError for a target that is none.
    """
    in_bench = target == SOLUTION or _ANOTHER.match(target)
    whole = shell_argv(bench, "bench" if in_bench else target)
    inner = whole[whole.index(bench.id) + 1 :]
    # Docker leaves the far end of an exec running when the near end goes: -D ends those before.
    others = ["-D"] if alone else []
    # Without TMUX, the learner may start a tmux of their own in this shell.
    program = ["env", "-u", "TMUX", "-u", "TMUX_PANE", *inner]
    name = session_name(target)
    # Ours: a learner's ~/.tmux.conf is for a tmux of their own.
    words = ["tmux", "-u", "-L", SOCKET, "-f", CONFIG]
    words += ["new-session", "-A", *others, "-s", name, *program]
    environment = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
    return bench.exec_argv(words, user="learner", tty=True, interactive=True, env=environment)
