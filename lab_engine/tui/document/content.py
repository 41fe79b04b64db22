"""Spans and verdicts as styled text."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from lab_engine.course.text.model import (
    Block,
    Heading,
    Paragraph,
    Spans,
)
from lab_engine.course.verdict import Outcome, Verdict

CODE_STYLE: Final = "bold $text-accent"
DONE: Final = "✔"
OPEN: Final = "○"
WRONG: Final = "✘"
WAITING: Final = "…"
ERROR: Final = "!"


def styled(spans: Spans) -> Content:
    """A line of text; code is bold and coloured, so that it stands out without colour too."""
    parts: list[tuple[str, str]] = []
    for span in spans:
        style = []
        if span.code:
            style.append(CODE_STYLE)
        if span.strong:
            style.append("bold")
        if span.emphasis:
            style.append("italic")
        if span.link:
            style.append("underline")
        parts.append((span.text, " ".join(style)))
        if span.link and span.link != span.text:
            parts.append((f" ({span.link})", "dim"))
    return Content.assemble(*parts)


def summary(body: tuple[Block, ...]) -> Content:
    """The first paragraph of a task, for a list."""
    for block in body:
        if isinstance(block, Paragraph | Heading):
            return styled(block.spans)
    return Content("")


def sign_of(verdict: Verdict | None, *, touched: bool, given: bool = False) -> tuple[str, str, str]:
    """How a task stands: a sign, a word, a style. All three say the same."""
    if verdict is None:
        return OPEN, "to do", "$text-muted"
    match verdict.outcome:
        case Outcome.PASS:
            return DONE, "done, given" if given else "done", "bold $text-success"
        case Outcome.WAITING:
            return WAITING, "after the tasks before it", "$text-muted"
        case Outcome.ERROR:
            return ERROR, "could not be checked", "bold $text-warning"
        case Outcome.FAIL:
            if touched:
                return WRONG, "not yet", "bold $text-error"
            return OPEN, "to do", "$text-muted"
