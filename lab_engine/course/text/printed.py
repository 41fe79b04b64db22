"""What a text says that a command prints: with marks for what is another each time.

    @<number 4026531840>   shown as 4026531840, stands for any number; see `KINDS`
    ...                    inside a line: anything; as a line of its own: any lines, or none

How many blanks stand between two words does not count, since columns are as wide as the names in
them; nor do empty lines.
"""

from __future__ import annotations

import re
from typing import Final

KINDS: Final = {
    "number": r"[0-9]+",
    "hex": r"[0-9a-f]+",
    "size": r"[0-9]+(?:\.[0-9]+)?[ ]?[A-Za-z]*",
    "address": r"[0-9a-fA-F.:]+(?:/[0-9]+)?",
    "word": r"[^\s]+",
}
"""What a mark may stand for, as a regular expression."""
_MARK: Final = re.compile(r"@<([^<> \n]*) ?([^<>\n]*)>")
_ANY: Final = ("...", "…")


def faults(marked: str) -> list[str]:
    """What is wrong with the marks in it."""
    problems = []
    for mark in _MARK.finditer(marked):
        kind, sample = mark[1], mark[2]
        if kind not in KINDS:
            problems.append(f"`{mark[0]}` is no mark; there are {', '.join(KINDS)}")
        elif not re.fullmatch(KINDS[kind], sample):
            problems.append(f"`{mark[0]}`: {sample!r} is no {kind}")
    return problems


def shown(marked: str) -> str:
    """As a learner sees it: each mark is its example."""
    return _MARK.sub(lambda mark: mark[2], marked)


def difference(marked: str, printed: str) -> str:
    """The first line that was not printed so, or nothing when all of it was."""
    wanted = [line for line in marked.split("\n") if line.strip()]
    found = "".join(f"{_squeezed(line)}\n" for line in printed.split("\n") if line.strip())
    if _matches(wanted, found, whole=True):
        return ""
    for count in range(len(wanted), 0, -1):
        if _matches(wanted[:count], found, whole=False):
            rest = wanted[count : count + 1]
            break
    else:
        count, rest = 0, wanted[:1]
    if not rest:
        return "more was printed than the text says"
    return f"line {count + 1} of the output, {shown(rest[0]).strip()!r}, was not printed"


def _matches(lines: list[str], found: str, *, whole: bool) -> bool:
    pattern = "".join(_line(line) for line in lines)
    match = re.fullmatch(pattern, found) if whole else re.match(pattern, found)
    return match is not None


def _line(line: str) -> str:
    line = _squeezed(line)
    if line in _ANY:
        return r"(?:[^\n]*\n)*?"
    return _between(line) + r"\n"


def _between(line: str) -> str:
    pattern, at = "", 0
    for mark in _MARK.finditer(line):
        pattern += _plain(line[at : mark.start()]) + KINDS[mark[1]]
        at = mark.end()
    return pattern + _plain(line[at:])


def _plain(text: str) -> str:
    return "[^\\n]*?".join(re.escape(part) for part in re.split(r"\.\.\.|…", text))


def _squeezed(line: str) -> str:
    return " ".join(line.split())
