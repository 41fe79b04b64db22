"""Variables in a text: `@{name}` becomes the learner's value, `@@{` stays `@{`.

In a diagram what stands right of a value keeps its column (`lab_engine.course.text.columns`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import partial

from lab_engine.course.text import columns
from lab_engine.errors import ContentError

_UNCLOSED = re.compile(r"(?<!@)@\{(?![^{}\n]*\})")
_VARIABLE = re.compile(r"@@\{|@\{([^{}\n]*)\}")


def fill(source: str, variables: Mapping[str, str], *, where: str, first_line: int = 1) -> str:
    """Put the values in. Lines keep their numbers.

    Args:
        source: the text.
        variables: value by name.
        where: the file, for messages.
        first_line: the number that the text's first line has in the file.

    Raises:
        ContentError: a name that the lesson has not, or a value with a line break.
    """
    filled: list[str] = []
    for line, (text, drawn) in enumerate(columns.marked(source), first_line):
        place = f"{where}:{line}"
        if _UNCLOSED.search(text):
            raise ContentError(
                "`@{` is never closed",
                where=place,
                hint="Write `@{name}` for a variable, or `@@{` for the characters themselves.",
            )
        if drawn:
            filled.append(draw(text, variables, where=place).text)
        else:
            filled.append(_VARIABLE.sub(partial(_value, variables, place), text))
    return "\n".join(filled)


def draw(line: str, variables: Mapping[str, str], *, where: str) -> columns.Drawn:
    """Put the values into a line of a diagram. Raises ContentError as `fill` does."""
    return columns.keep(line, _VARIABLE, partial(_value, variables, where))


def _value(variables: Mapping[str, str], where: str, match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return "@{"
    if name not in variables:
        near = difflib.get_close_matches(name, variables, n=1)
        known = ", ".join(sorted(variables)) or "none"
        raise ContentError(
            f"the text uses @{{{name}}}, which the lesson's Variables do not have",
            where=where,
            hint=f"Did you mean @{{{near[0]}}}?" if near else f"They have: {known}.",
        )
    if "\n" in variables[name]:
        raise ContentError(f"the value of @{{{name}}} has more than one line", where=where)
    return variables[name]


def used(source: str) -> frozenset[str]:
    """The names that a text uses."""
    return frozenset(m[1] for m in _VARIABLE.finditer(source) if m[1] is not None)
