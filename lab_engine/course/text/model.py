"""A step's text as frozen data, ready to be shown by any front end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from lab_engine.course.text.question import Question

Role = Literal["run", "later", "task", "show", "console"]
"""What a code block is for.

`run`: the learner may run it as it stands; a test runs it on the step's start state.
`later`: the same, once the first solution has been applied.
`task`: a part of a task, typed for it and not before; a test types what the solution has instead.
`show`: to read, such as output or an example with other names; never run.
`console`: typed in another place than the bench's shell (a VM's console, inside a container).
"""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line in one style. A line break in `text` is one that the author wants."""

    text: str
    strong: bool = False
    emphasis: bool = False
    code: bool = False
    link: str = ""


Spans: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    spans: Spans
    line: int


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` is 1 to 4."""

    level: int
    spans: Spans
    line: int


@dataclass(frozen=True, slots=True)
class ListBlock:
    """`start` is None for bullets, else the first item's number."""

    start: int | None
    items: tuple[tuple[Block, ...], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[Spans, ...]
    rows: tuple[tuple[Spans, ...], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Code:
    """A fenced block.

    Args:
        language: `sh` for commands, `output` for what they print, or any other.
        role: see `Role`.
        text: the lines, without a newline at the end.
        at: where to type it, in words; empty means the bench's shell.
        why: for commands that no test runs, why not.
        line: the line of the opening fence in the file.
        fails: whether it is meant to exit with a code other than 0.
        marked: of an `output`, its text with the marks for what differs each time
            (`lab_engine.course.text.printed`).
        above: how many tasks of the text stand before it.
        below: how many stand after it.
    """

    language: str
    role: Role
    text: str
    at: str
    why: str
    line: int
    fails: bool = False
    marked: str = ""
    above: int = 0
    below: int = 0

    @property
    def typed(self) -> bool:
        """Whether it can be run in the bench's shell as it stands, by a test as well."""
        return self.language == "sh" and self.role in ("run", "later")

    @property
    def sent(self) -> bool:
        """Whether a learner may send it to the bench's shell as it stands."""
        return self.typed or (self.language == "sh" and self.role == "task")

    @property
    def when(self) -> str:
        """Of a block with role `later`, after which tasks it works."""
        if self.below:
            return (
                "when the task above is done"
                if self.above == 1
                else ("when the tasks above are done")
            )
        return "when the task is done" if self.above == 1 else "when the tasks are done"


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawing in characters. `alt` says the same in words."""

    text: str
    alt: str
    line: int


@dataclass(frozen=True, slots=True)
class Note:
    """An aside that may be skipped."""

    body: tuple[Block, ...]
    line: int


@dataclass(frozen=True, slots=True)
class TaskBlock:
    """Something to do. `hints` go from a nudge to the answer."""

    id: str
    body: tuple[Block, ...]
    hints: tuple[tuple[Block, ...], ...]
    line: int


@dataclass(frozen=True, slots=True)
class QuestionBlock:
    """Something to answer. `options` are what is shown of a choice, in the order of its numbers."""

    question: Question
    body: tuple[Block, ...]
    options: tuple[Spans, ...]
    line: int


Block: TypeAlias = (
    Paragraph | Heading | ListBlock | Table | Code | Diagram | Note | TaskBlock | QuestionBlock
)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole text. `where` is its file, for messages."""

    where: str
    blocks: tuple[Block, ...]

    @property
    def tasks(self) -> tuple[TaskBlock, ...]:
        return tuple(b for b in self.blocks if isinstance(b, TaskBlock))

    @property
    def questions(self) -> tuple[QuestionBlock, ...]:
        return tuple(b for b in self.blocks if isinstance(b, QuestionBlock))

    def code(self) -> tuple[Code, ...]:
        """Every fenced block in reading order, those in tasks and notes too, hints left out."""
        return tuple(b for b in walk(self.blocks) if isinstance(b, Code))

    def outputs(self) -> dict[int, Code]:
        """What the typed blocks print, by their line: an `output` that follows at once."""
        blocks = list(walk(self.blocks))
        return {
            first.line: second
            for first, second in pairwise(blocks)
            if isinstance(first, Code) and first.typed
            if isinstance(second, Code) and second.language == "output" and not second.why
        }


def walk(blocks: tuple[Block, ...], *, hints: bool = False) -> Iterator[Block]:
    """Every block and the blocks inside it, in reading order."""
    for block in blocks:
        yield block
        if isinstance(block, Note | TaskBlock | QuestionBlock):
            yield from walk(block.body, hints=hints)
        if isinstance(block, ListBlock):
            for item in block.items:
                yield from walk(item, hints=hints)
        if hints and isinstance(block, TaskBlock):
            for hint in block.hints:
                yield from walk(hint, hints=True)


def spans_text(spans: Spans) -> str:
    """The characters alone."""
    return "".join(span.text for span in spans)


def visible_text(blocks: tuple[Block, ...], *, hints: bool = False) -> str:
    """Every character that a learner sees, for searching."""
    parts: list[str] = []
    for block in walk(blocks, hints=hints):
        if isinstance(block, Paragraph | Heading):
            parts.append(spans_text(block.spans))
        elif isinstance(block, Table):
            parts.extend(spans_text(cell) for row in (block.head, *block.rows) for cell in row)
        elif isinstance(block, Code | Diagram):
            parts.append(block.text)
        elif isinstance(block, QuestionBlock):
            parts.extend(spans_text(option) for option in block.options)
    return "\n".join(parts)
