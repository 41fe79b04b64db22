"""Whether a text shows what its tasks ask for: every command and option of the first solution.

What counts is the code that a learner has seen before: blocks and inline code of the lessons that
this one needs, of its earlier steps, and of the step itself as far as its last task. Hints do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from lab_engine.course.lab import ByHand, LabStep, Variables
from lab_engine.course.lesson import Lesson, Step, load_course
from lab_engine.course.lint import programs
from lab_engine.course.lint.finding import Finding
from lab_engine.course.lint.programs import Use
from lab_engine.course.seed import Seed
from lab_engine.course.text.model import (
    Block,
    Code,
    Diagram,
    Document,
    Heading,
    Paragraph,
    Span,
    Table,
    TaskBlock,
    walk,
)
from lab_engine.errors import ContentError

ASSUMED = frozenset(
    (
        "[", "break", "cat", "cd", "cp", "echo", "exit", "false", "ls", "mkdir", "mv", "pwd", "rm",
        "rmdir", "sleep", "test", "touch", "true",
    )
)  # fmt: skip
"""Programs that a learner of this course knows from any shell, with their options."""
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")


class Taught:
    """What has been shown so far."""

    def __init__(self) -> None:
        self._uses: set[Use] = set()
        self._alone: set[str] = set()
        self._looked_up: set[str] = set()

    def show(self, blocks: Iterable[Block]) -> None:
        """Take what these blocks show."""
        for piece in _code(tuple(blocks)):
            if piece.startswith("-"):
                self._alone |= set(programs.options(piece))
            else:
                self._uses |= set(programs.uses(piece))

    def look_up(self, command: str) -> None:
        """Take all options of a command that the learner is sent to look up."""
        self._looked_up.add(command)

    def lacks(self, use: Use) -> bool:
        if use.command in ASSUMED or use.command in self._looked_up:
            return False
        return use not in self._uses and not (use.option and use.option in self._alone)


def findings(lesson: Lesson, variables: Variables) -> Iterator[Finding]:
    taught = Taught()
    for earlier in _needed(lesson):
        # One that is broken shows nothing; what is wrong with it is its own finding.
        with suppress(ContentError):
            sample = earlier.variables(Seed("lint"))
            taught.show(earlier.introduction(sample).blocks)
            for step in earlier.steps:
                taught.show(step.document(sample).blocks)
    taught.show(lesson.introduction(variables).blocks)
    for step in lesson.steps:
        document = step.document(variables)
        last = max(
            (n for n, b in enumerate(document.blocks) if isinstance(b, TaskBlock)), default=0
        )
        taught.show(document.blocks[: last + 1])
        yield from _find_out(step, document, taught)
        lab_step = lesson.lab.steps.get(step.name)
        if lab_step is not None:
            yield from _step(step, document, lab_step, variables, taught)
        taught.show(document.blocks[last + 1 :])


def _needed(lesson: Lesson) -> list[Lesson]:
    """The lessons that it builds on, and those that these build on."""
    if not lesson.needs:
        return []
    # One that is not there is a fault of the course (`course.faults`).
    known = {one.slug: one for one in load_course(lesson.folder.parent, labs=lesson.labs).lessons}
    found: dict[str, Lesson] = {}
    waiting = list(lesson.needs)
    while waiting:
        slug = waiting.pop()
        if slug in known and slug not in found:
            found[slug] = known[slug]
            waiting += known[slug].needs
    return list(found.values())


def _find_out(step: Step, document: Document, taught: Taught) -> Iterator[Finding]:
    """What the learner is to look up. The text has to say where."""
    shown = "\n".join(_code(document.blocks))
    for where in step.find_out:
        if where not in shown:
            yield Finding(
                step.where,
                "find-out",
                f"find_out = {where!r}, which the text does not show",
                f"Write `{where}` before the task, so that the learner knows where to look.",
            )
        taught.look_up(_subject(where))


def _subject(where: str) -> str:
    """What a command for looking up is about: `virsh start` of `virsh help start`."""
    words = [word for word in where.split() if word not in ("--help", "-h")]
    if words[0] in ("man", "help"):
        words = words[1:]
    elif words[1:2] == ["help"]:
        words = words[:1] + words[2:]
    return programs.command(" ".join(words))


def _step(
    step: Step, document: Document, lab_step: LabStep, variables: Variables, taught: Taught
) -> Iterator[Finding]:
    if not lab_step.solutions:
        return
    line = next((task.line for task in document.tasks), 1)
    told: set[Use] = set()
    for command in lab_step.solutions[0].script(variables):
        typed = command.typed if isinstance(command, ByHand) else command
        for use in programs.uses(typed):
            # Of a command that is new as a whole, its options are no news.
            if use in told or Use(use.command) in told or not taught.lacks(use):
                continue
            told.add(use)
            yield Finding(
                f"{step.where}:{line}",
                "not-taught",
                f"the first solution uses `{use}`, which no text has shown",
                "Show it before the task, with other names. Where looking it up is the exercise, "
                'name the place in the front matter: find_out = ["virsh help start"]',
            )


def _code(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Every piece of code that a learner sees, and the options in drawings."""
    for block in walk(blocks):
        match block:
            case Paragraph(spans=spans) | Heading(spans=spans):
                yield from _spans(spans)
            case Table(head=head, rows=rows):
                for row in (head, *rows):
                    for cell in row:
                        yield from _spans(cell)
            case Code(language="sh", text=text):
                yield text
            case Diagram(text=text):
                yield from _OPTION.findall(text)
            case _:
                pass


def _spans(spans: Iterable[Span]) -> Iterator[str]:
    yield from (span.text for span in spans if span.code)
