"""What was typed in a submission, as lines with times, comparable between learners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from lab_engine.grading.submission.handed import Handed
from lab_engine.recording.tokens import ERASED

_LINE_END: Final = re.compile(r"[\r\n]")
_KEYS: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO.|[\x00-\x08\x0b-\x1f]")


class Line(NamedTuple):
    """A line of input: `at` is when its last key was hit, `text` without keys that edit."""

    lesson: str
    at: float
    text: str


def lines(parts: Iterable[Handed]) -> list[Line]:
    """Every line that was typed, in the order of time; empty ones are left out."""
    found = []
    for part in parts:
        for cast in part.recordings():
            text = ""
            for event in cast.events:
                if event.code != "i":
                    continue
                text += event.data
                *whole, text = _LINE_END.split(text)
                for one in whole:
                    plain = _plain(one)
                    if plain:
                        found.append(Line(part.part.lesson, event.at, plain))
    return sorted(found, key=lambda line: line.at)


def _plain(text: str) -> str:
    before = ""
    while before != text:
        before, text = text, ERASED.sub("", text)
    return " ".join(_KEYS.sub("", text).replace("\x7f", "").split())


def neutral(text: str, values: Mapping[str, str]) -> str:
    """The line with a learner's own values replaced by their names, the longest first."""
    for name, value in sorted(values.items(), key=lambda item: -len(item[1])):
        if len(value) > 1:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f"@{{{name}}}", text)
    return text
