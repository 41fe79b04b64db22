"""Shells that outlive the screen: each runs in tmux in the bench, on a socket of our own.

tmux keeps what scrolls off, copies with the mouse, and goes on when this program ends. Its status
line and its prefix key are off, so that a learner meets only the shell, and may use tmux in it.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Final

from lab_engine.bench.shell import SHELLS, shell_argv

if TYPE_CHECKING:
    from lab_engine.bench.container import Bench

SOCKET: Final = "infralab"
_TYPED: Final = (
    # By their codes: a semicolon would end the command. As a key it is written with a backslash.
    *((f"\\{c}" if c == ";" else c, ("-H", f"{ord(c):x}")) for c in string.printable[:94]),
    *((key, (key,)) for key in ("Space", "Enter", "Tab", "BSpace", "C-c", "C-d", "C-u", "C-r")),
)
"""Keys as tmux names them, with what sends each; all together within tmux's 16 KiB of a message."""
OPTIONS: Final = (
    ("set", "-g", "status", "off"),
    ("set", "-g", "prefix", "None"),
    ("set", "-g", "prefix2", "None"),
    ("set", "-g", "mouse", "on"),
    ("set", "-g", "history-limit", "20000"),
    ("set", "-g", "default-terminal", "tmux-256color"),
    ("set", "-g", "set-clipboard", "on"),
    # Milliseconds after Escape for the rest of a sequence; 500 by default before tmux 3.5.
    ("set", "-s", "escape-time", "10"),
    ("set", "-g", "focus-events", "on"),
    # The pane and the plain terminal may both be attached: the one used last counts.
    ("set", "-g", "window-size", "latest"),
    ("set", "-ga", "terminal-features", ",xterm-256color:RGB:clipboard:mouse:title:usstyle"),
    ("bind", "-n", "S-PPage", "copy-mode", "-eu"),
    ("bind", "-n", "F12", "detach-client"),
    ("set", "-g", "mode-keys", "emacs"),
    ("unbind", "-a", "-T", "copy-mode"),
    *(
        ("bind", "-T", "copy-mode", key, "send-keys", "-X", *command)
        for key, command in (
            ("WheelUpPane", ("-N", "3", "scroll-up")),
            ("WheelDownPane", ("-N", "3", "scroll-down")),
            ("Up", ("scroll-up",)),
            ("Down", ("scroll-down",)),
            ("PPage", ("page-up",)),
            ("NPage", ("page-down",)),
            ("S-PPage", ("page-up",)),
            ("S-NPage", ("page-down",)),
            ("MouseDrag1Pane", ("begin-selection",)),
            ("MouseDragEnd1Pane", ("copy-pipe-and-cancel",)),
            ("MouseDown1Pane", ("clear-selection",)),
            # Whoever scrolled back and types on wants the shell, not keys of tmux.
            ("Any", ("cancel",)),
        )
    ),
    # The key that brings the shell forward again is typed into it, too. `Any` is for all others.
    *(
        ("bind", "-T", "copy-mode", key, "send-keys", "-X", "cancel", "\\;", "send-keys", *sent)
        for key, sent in _TYPED
    ),
    # tmux's own menu would come up.
    ("unbind", "-n", "MouseDown3Pane"),
    ("unbind", "-n", "M-MouseDown3Pane"),
)
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
    # A learner's ~/.tmux.conf is for a tmux of their own.
    words = ["tmux", "-u", "-L", SOCKET, "-f", "/dev/null", "start-server"]
    for option in OPTIONS:
        words += [";", *option]
    # Docker leaves the far end of an exec running when the near end goes: -D ends those before.
    others = ["-D"] if alone else []
    # Without TMUX, the learner may start a tmux of their own in this shell.
    program = ["env", "-u", "TMUX", "-u", "TMUX_PANE", *inner]
    words += [";", "new-session", "-A", *others, "-s", session_name(target), *program]
    environment = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
    return bench.exec_argv(words, user="learner", tty=True, interactive=True, env=environment)
