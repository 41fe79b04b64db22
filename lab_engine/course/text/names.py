"""Variables in a text: `@{name}` becomes the learner's value, `@@{` stays `@{`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

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

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "@{"
        line = first_line + source.count("\n", 0, match.start())
        if name not in variables:
            near = difflib.get_close_matches(name, variables, n=1)
            known = ", ".join(sorted(variables)) or "none"
            raise ContentError(
                f"the text uses @{{{name}}}, which the lesson's Variables do not have",
                where=f"{where}:{line}",
                hint=f"Did you mean @{{{near[0]}}}?" if near else f"They have: {known}.",
            )
        if "\n" in variables[name]:
            raise ContentError(
                f"the value of @{{{name}}} has more than one line", where=f"{where}:{line}"
            )
        return variables[name]

    for match in _UNCLOSED.finditer(source):
        raise ContentError(
            "`@{` is never closed",
            where=f"{where}:{first_line + source.count(chr(10), 0, match.start())}",
            hint="Write `@{name}` for a variable, or `@@{` for the characters themselves.",
        )
    return _VARIABLE.sub(value, source)


def used(source: str) -> frozenset[str]:
    """The names that a text uses."""
    return frozenset(m[1] for m in _VARIABLE.finditer(source) if m[1] is not None)
