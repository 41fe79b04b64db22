"""A text for line-by-line terminals and screen readers.

No frames, no colours, no columns: what a frame would say is said in words. Tasks and questions are
numbered, hints are left out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from lab_engine.course.text.model import (
    Block,
    Code,
    Diagram,
    Document,
    Heading,
    ListBlock,
    Note,
    Paragraph,
    QuestionBlock,
    Spans,
    Table,
    TaskBlock,
)

_INDENT = "    "
# textwrap breaks lines at white space of ASCII alone, so it stands for a space until then.
_KEPT_SPACE = "\N{NO-BREAK SPACE}"


def render_plain(document: Document, width: int = 80) -> str:
    """The whole text in lines of at most `width` columns; code and diagrams keep theirs."""
    lines = list(_Plain().blocks(document.blocks, width))
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


def render_blocks(blocks: tuple[Block, ...], width: int = 80) -> str:
    """A part of a text, such as a task's body or a hint."""
    return render_plain(Document("", blocks), width)


def inline(spans: Spans) -> str:
    """One line of text: code in backticks, a link's address after its words."""
    parts: list[str] = []
    for span in spans:
        text = f"`{span.text}`" if span.code else span.text
        link = f" ({span.link})" if span.link and span.link != span.text else ""
        parts.append(text + link)
    return "".join(parts)


def wrap(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Wrap words, never inside one: options such as `--net-alias` stay whole."""
    lines: list[str] = []
    for part in text.split("\n"):
        made = textwrap.wrap(
            part,
            # What stands deep in lists may have no width left, which textwrap refuses.
            max(width, 20),
            initial_indent=first if not lines else rest,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines.extend(line.replace(_KEPT_SPACE, " ") for line in made)
    return lines or [first.rstrip()]


def _joined(spans: Spans, width: int) -> str:
    """Like `inline`, with the spaces of short code kept from being broken at."""
    short = width // 2
    kept = [
        (s.text.replace(" ", _KEPT_SPACE) if s.code and len(s.text) <= short else s.text)
        for s in spans
    ]
    return inline(
        tuple(
            type(s)(text, s.strong, s.emphasis, s.code, s.link)
            for s, text in zip(spans, kept, strict=True)
        )
    )


def ended(text: str) -> str:
    """With a full stop, unless it ends by itself, as a question does."""
    return text if text.endswith((".", "?", "!", ":")) else f"{text}."


class _Plain:
    def __init__(self) -> None:
        self.tasks = 0
        self.questions = 0

    def blocks(self, blocks: Iterable[Block], width: int) -> Iterator[str]:
        for block in blocks:
            yield from self.block(block, width)
            yield ""

    def indented(self, blocks: Iterable[Block], width: int, indent: str) -> Iterator[str]:
        for line in self.blocks(blocks, width - len(indent)):
            yield f"{indent}{line}" if line else ""

    def block(self, block: Block, width: int) -> Iterator[str]:
        match block:
            case Paragraph(spans=spans) | Heading(spans=spans):
                yield from wrap(_joined(spans, width), width)
            case ListBlock():
                yield from self.list(block, width)
            case Table():
                yield from self.table(block, width)
            case Code():
                yield from _code(block)
            case Diagram(text=text, alt=alt):
                yield from wrap(f"Diagram: {alt}" if alt else "Diagram:", width)
                yield from _verbatim(text)
            case Note(body=body):
                yield from self.led("Note: ", body, width)
            case TaskBlock(body=body):
                self.tasks += 1
                yield from self.led(f"Task {self.tasks}: ", body, width)
            case QuestionBlock():
                yield from self.question(block, width)

    def led(self, lead: str, body: tuple[Block, ...], width: int) -> Iterator[str]:
        """Blocks whose first line begins with a word that says what they are."""
        first, others = body[:1], body[1:]
        if first and isinstance(first[0], Paragraph):
            yield from wrap(lead + _joined(first[0].spans, width), width)
        else:
            yield lead.rstrip()
            others = body
        for block in others:
            yield ""
            yield from self.block(block, width)

    def list(self, block: ListBlock, width: int) -> Iterator[str]:
        for n, item in enumerate(block.items):
            mark = "- " if block.start is None else f"{block.start + n}. "
            pad = " " * len(mark)
            lines = list(self.indented(item, width, pad))
            while lines and not lines[-1]:
                lines.pop()
            if lines:
                lines[0] = mark + lines[0][len(pad) :]
            yield from lines

    def table(self, block: Table, width: int) -> Iterator[str]:
        for row in block.rows:
            head = inline(row[0]) if row else ""
            facts = [
                f"{inline(name)}: {inline(cell)}" if inline(name) else inline(cell)
                for name, cell in zip(block.head[1:], row[1:], strict=False)
                if inline(cell)
            ]
            yield from wrap("- " + ended("; ".join(filter(None, [head, *facts]))), width, rest="  ")

    def question(self, block: QuestionBlock, width: int) -> Iterator[str]:
        self.questions += 1
        yield from self.led(f"Question {self.questions}: ", block.body, width)
        question = block.question
        for n, option in enumerate(block.options, 1):
            yield from wrap(f"{n}. " + _joined(option, width), width, rest="   ")
        if question.kind == "choices":
            yield "(Several may be right.)"
        elif question.kind == "number" and question.unit:
            yield f"(A number, in {question.unit}.)"


def _verbatim(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield f"{_INDENT}{line}".rstrip()


def _code(block: Code) -> Iterator[str]:
    place = f", at {block.at}" if block.at else ""
    later = f", for {block.when}" if block.role == "later" else ""
    fails = ", which is meant to fail" if block.fails else ""
    if block.language == "output":
        yield "Output:"
    elif block.language != "sh":
        yield "In a file, to read:"
    elif block.role == "show":
        yield f"An example, to read{place}:"
    elif block.role == "task":
        yield "Command, a part of the task:"
    elif block.role == "console":
        yield f"Typed{place or ' in another place'}:"
    else:
        yield f"Command{later}{fails}:"
    yield from _verbatim(block.text)
