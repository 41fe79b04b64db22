"""Whether a diagram speaks of what the text speaks of: the learner's own names, each explained."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from lab_engine.course.lesson import Lesson
from lab_engine.course.lint.finding import Finding
from lab_engine.course.text import front, names

_DIAGRAM = re.compile(r"^(`{3,})diagram\b.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)


def findings(lesson: Lesson, variables: Collection[str]) -> Iterator[Finding]:
    """Of `variables`, the names of all that a learner of this lesson has."""
    for step in lesson.steps:
        source = front.read(step.source, where=step.where)
        prose = _DIAGRAM.sub("", source)
        told = names.used(prose)
        words = _words(prose)
        for diagram in _DIAGRAM.finditer(source):
            where = f"{step.where}:{source.count(chr(10), 0, diagram.start()) + 1}"
            for name in sorted(names.used(diagram[0]) - told):
                yield Finding(
                    where,
                    "diagram",
                    f"the diagram shows @{{{name}}}, of which the text says nothing",
                    f"Say in the text what `@{{{name}}}` is.",
                )
            # A role (`site`) that is nowhere explained: the learner knows it by another name.
            for name in sorted(_words(diagram[0]) & set(variables) - words):
                yield Finding(
                    where,
                    "diagram",
                    f"the diagram says “{name}”, which a learner knows as @{{{name}}}",
                    f"Write @{{{name}}} there, or explain the word in the text.",
                )


def _words(source: str) -> set[str]:
    """The words, without those that are variables."""
    return set(re.findall(r"[A-Za-z_]\w*", re.sub(r"@\{[^{}\n]*\}", " ", source)))
