"""Sessions as text: what a learner types, and what it should come to.

    == a title
    step: my-bridge
    usual                       also in the usual run, not only with `-m sessions`
    expect: create c2           the tasks that pass in the end; all of them without this line
    $ ls                        type a command and Return, wait for a prompt
    : iHello<Esc>               type keys, wait until the terminal is quiet
    ! sleep 9<Enter>            type keys, wait for nothing
    ? (?P<id>[0-9a-f]{12})      wait until this was printed; named groups are kept for later: %{id}
    @ b                         go to another terminal, which is opened when it is new
    . 1.5                       look at the screen for so many seconds
    check                       have the checks run now

`@{name}` is a value of the learner's seed. Keys have names: <Enter> <Tab> <BS> <Esc> <Up> <C-c>.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "sessions"
KEYS = {"Enter": "\r", "Tab": "\t", "BS": "\x7f", "Esc": "\x1b", "Up": "\x1b[A", "Down": "\x1b[B"}
KEY = re.compile(r"<(Enter|Tab|BS|Esc|Up|Down|C-.)>")


@dataclass
class Script:
    lesson: str
    title: str
    step: str = ""
    usual: bool = False
    expect: tuple[str, ...] | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)


def keys(text: str) -> str:
    def key(match: re.Match[str]) -> str:
        name = match[1]
        return KEYS.get(name) or chr(ord(name[2].upper()) & 0x1F)

    return KEY.sub(key, text)


def scripts(lesson: str) -> list[Script]:
    """The sessions of a lesson, in the order of its file."""
    found: list[Script] = []
    for line in (FOLDER / f"{lesson}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            found.append(Script(lesson, line[3:]))
        elif line.startswith("step: "):
            found[-1].step = line[6:]
        elif line == "usual":
            found[-1].usual = True
        elif line.startswith("expect: "):
            found[-1].expect = tuple(line[8:].split())
        elif line and not line.startswith("#"):
            kind, _, text = line.partition(" ")
            assert kind in ("$", ":", "!", "?", "@", ".", "check"), line
            found[-1].lines.append((kind, text))
    return found
