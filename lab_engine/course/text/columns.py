"""Diagrams keep their columns: a name may have any length, and what stands right of it stays put.

An author draws with `@{name}` as it stands in the source. When the learner's value is shorter or
longer than that, the next gap in the line gives way: two blanks or more, a line such as `---`, or
the blank before the edge of a box. Where one blank and a line follow, it is the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

LINES: Final = "-─━=═_"
"""Characters that a line from left to right is drawn with."""
EDGES: Final = "|│┃║+┐┘┤╮╯"
"""What may stand at the right of a box."""
_GAP: Final = re.compile(
    rf"(?P<blanks> *)(?P<line>([{LINES}])\3+(?!\w|\3))|  +| (?=[{re.escape(EDGES)}])"
)
"""A line does not end in a letter: `--cpus` is an option."""
_FENCE: Final = re.compile(r"\s*(?P<mark>`{3,}|~{3,})\s*(?P<info>.*)")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line with its values in it. `over` is by how many columns what follows was pushed away."""

    text: str
    over: int = 0


def keep(line: str, variable: re.Pattern[str], value: Callable[[re.Match[str]], str]) -> Drawn:
    """Put the values into a line of a diagram.

    >>> names = re.compile("@{([a-z]+)}")
    >>> keep("| @{vm}  |---| @{vm}  |", names, lambda _: "lime").text
    '| lime   |---| lime   |'
    >>> keep("| @{vm} |", names, lambda _: "rosemary")
    Drawn(text='| rosemary |', over=3)
    """
    made: list[str] = []
    owed, over, at = 0, 0, 0
    """How many columns the text is ahead of the source; how many no gap could take; the place."""
    for match in variable.finditer(line):
        piece, owed, left = _settled(line[at : match.start()], owed)
        over = max(over, left)
        text = value(match)
        made += [piece, text]
        owed += len(text) - (match.end() - match.start())
        at = match.end()
    piece, owed, left = _settled(line[at:], owed)
    return Drawn("".join((*made, piece)).rstrip(), max(over, left))


def _settled(text: str, owed: int) -> tuple[str, int, int]:
    """A piece whose first gap gives way, what is owed then, and what the gap could not take."""
    gap = _GAP.search(text) if owed else None
    if gap is None:
        return text, owed, 0
    line = gap["line"] or ""
    blanks = gap["blanks"] if line else gap[0]
    if owed < 0:
        if line and len(blanks) < 2:
            line += line[-1] * -owed
        else:
            blanks += " " * -owed
        left = 0
    else:
        # One of each stays, so that what it parts does not touch.
        fewer = min(owed, max(len(blanks) - 1, 0))
        shorter = min(owed - fewer, max(len(line) - 1, 0))
        blanks, line = blanks[fewer:], line[shorter:]
        left = owed - fewer - shorter
    return text[: gap.start()] + blanks + line + text[gap.end() :], left, left


def marked(source: str) -> Iterator[tuple[str, bool]]:
    """Each line of a text, and whether it stands in a diagram."""
    mark, inside = "", False
    for line in source.split("\n"):
        fence = _FENCE.fullmatch(line)
        if mark:
            if fence and fence["mark"].startswith(mark) and not fence["info"]:
                mark, inside = "", False
            yield line, inside
        else:
            yield line, False
            if fence:
                mark, inside = fence["mark"], fence["info"].split(" ")[0] == "diagram"
