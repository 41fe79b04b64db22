"""What somebody wrote, read as a person reads it: blanks, quotes and line ends do not matter."""

from __future__ import annotations

from typing import Final

QUOTES: Final = "\"'`“”‘’"
_BOM: Final = "\ufeff"


def as_read(text: str) -> str:
    r"""Text without a BOM, carriage returns, quotes around it and surplus blanks.

    >>> as_read("\ufeff 'ipc' \r\n")
    'ipc'
    """
    lines = (" ".join(line.split()) for line in text.removeprefix(_BOM).splitlines())
    return "\n".join(line for line in lines if line).strip(QUOTES).strip()


def has_one_more(before: str, now: str, line: str) -> tuple[bool, bool]:
    r"""Whether the old lines are all there in their order, and this one besides and nothing else.

    An empty `line` stands for any: then the second answer is whether there is more than before.

    >>> has_one_more("a\nb\n", "a\nb\nc\n", "c"), has_one_more("a\nb\n", "c\n", "c")
    ((True, True), (False, False))
    >>> has_one_more("a\n", "a\nb\n", ""), has_one_more("a\n", "a\n", "")
    ((True, True), (True, False))
    """
    old = [one.rstrip() for one in before.splitlines() if one.strip()]
    new = [one.rstrip() for one in now.splitlines() if one.strip()]
    rest = iter(new)
    kept = all(one in rest for one in old)
    wanted = as_read(line)
    extra = list(new)
    for one in old:
        if one in extra:
            extra.remove(one)
    more = [as_read(one) for one in extra]
    return kept, kept and (more == [wanted] if wanted else bool(more))
