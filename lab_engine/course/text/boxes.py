"""What the containers of a text take, and how the answers of a question are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lab_engine.course.text.model import Span, Spans, spans_text
from lab_engine.course.text.question import ANY, KINDS, Answer, Question
from lab_engine.errors import ContentError

ID = re.compile(r"[a-z][a-z0-9-]*\Z")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "task": (),
    "hint": (),
    "note": (),
    "question": ("kind", "unit", "tolerance", "answer_from"),
}
_MARK = re.compile(r"\[([ xX])\]\s+")
# Only with blanks around it: in `ps|grep` it is a pipe.
_BAR = re.compile(r"(?:^|\s)\|(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a question, as written."""

    shown: Spans
    answer: Answer


def row(spans: Spans) -> Row | None:
    """Read `[x] text | explanation`; None when the mark is missing."""
    mark = _MARK.match(spans[0].text) if spans and not spans[0].code else None
    if mark is None:
        return None
    rest = (replace(spans[0], text=spans[0].text[mark.end() :]), *spans[1:])
    shown, told = _at_bar(rest)
    text = spans_text(shown).strip()
    return Row(shown, Answer(text, mark[1] != " ", spans_text(told).strip()))


def _at_bar(spans: Spans) -> tuple[Spans, Spans]:
    """Part at the first ` | ` that is not in code."""
    for n, span in enumerate(spans):
        bar = None if span.code else _BAR.search(span.text)
        if bar is not None:
            left = replace(span, text=span.text[: bar.start()])
            right = replace(span, text=span.text[bar.end() :])
            return _filled(*spans[:n], left), _filled(right, *spans[n + 1 :])
    return _filled(*spans), ()


def _filled(*spans: Span) -> Spans:
    return tuple(span for span in spans if span.text)


def question(name: str, options: Mapping[str, str], rows: Sequence[Row], *, where: str) -> Question:
    """Make the question.

    Raises:
        ContentError: an unknown kind, a setting that does not fit it, no right answer, an answer
            without text, a wrong one without an explanation.
    """
    kind = options.get("kind", "")
    if kind not in KINDS:
        raise ContentError(
            f"question “{name}” has kind “{kind}”", where=where, hint=f"Use {', '.join(KINDS)}."
        )
    answers = tuple(r.answer for r in rows)
    choice = kind in ("choice", "choices")
    for key in ("unit", "tolerance", "answer_from"):
        fits = kind == "number" or (key == "answer_from" and kind == "text")
        if key in options and not fits:
            raise ContentError(f"question “{name}”: kind {kind} has no {key}", where=where)
    right = [a for a in answers if a.right]
    if not right and "answer_from" not in options:
        raise ContentError(f"question “{name}” has no right answer", where=where)
    if kind == "choice" and len(right) > 1:
        raise ContentError(
            f"question “{name}” has {len(right)} right answers",
            where=where,
            hint="Use kind=choices.",
        )
    if choice and (len(answers) < 2 or any(a.text == ANY for a in answers)):
        raise ContentError(f"question “{name}” needs two options or more, none *", where=where)
    for answer in answers:
        if not answer.text or (not answer.right and not answer.explanation):
            raise ContentError(
                f"question “{name}”: “{answer.text}” has no explanation",
                where=where,
                hint="Write - [ ] text | why it is wrong",
            )
        if answer.right and answer.text == ANY and "answer_from" not in options:
            raise ContentError(f"question “{name}” would accept everything", where=where)
    if not choice and not any(a.text == ANY and not a.right for a in answers):
        raise ContentError(
            f"question “{name}” says nothing to an answer that it does not foresee",
            where=where,
            hint="Add a line - [ ] * | what to look at again",
        )
    tolerance, relative = _tolerance(options.get("tolerance", "0"), name, where)
    made = Question(
        name,
        kind,
        answers,
        options.get("unit", ""),
        tolerance,
        relative,
        options.get("answer_from", ""),
    )
    for answer in answers if kind == "number" else ():
        if answer.text != ANY and made.number(answer.text) is None:
            raise ContentError(f"question “{name}”: “{answer.text}” is not a number", where=where)
    return made


def _tolerance(text: str, name: str, where: str) -> tuple[float, bool]:
    relative = text.endswith("%")
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        raise ContentError(
            f"question “{name}”: tolerance {text} is neither a number nor a percentage", where=where
        ) from None
    return (value / 100 if relative else value), relative
