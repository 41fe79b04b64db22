"""Questions: what counts as a right answer, and what to say to a wrong one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["choice", "choices", "number", "text"]
KINDS: tuple[Kind, ...] = ("choice", "choices", "number", "text")
ANY = "*"
"""An answer that stands for every other one (or, when right, for what the bench says)."""

_NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(\S.*)?\Z")
# KiB is 1024 bytes and kB 1000: IEC 80000-13.
_UNITS = (
    {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
    | {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12},
    {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600},
)


@dataclass(frozen=True, slots=True)
class Graded:
    """`explanation` is never empty: a right answer is told why it is right, too."""

    correct: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a question: an option of a choice, or a form that is accepted or explained."""

    text: str
    right: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a step.

    Args:
        id: unique within the step.
        kind: `choice` (one option), `choices` (several), `number` or `text`.
        answers: the options, or the forms.
        unit: of a number; an answer may leave it out or use a larger or smaller one.
        tolerance: how far a number may be off: absolute, or a share when `relative`.
        answer_from: the lab's function that reads the right answer from the bench; its result is
            given to `grade` as `found`.
    """

    id: str
    kind: Kind
    answers: tuple[Answer, ...]
    unit: str = ""
    tolerance: float = 0.0
    relative: bool = False
    answer_from: str = ""

    def grade(self, answer: str, found: Sequence[str] = ()) -> Graded:
        """Say whether an answer is right, and why.

        Args:
            answer: what the learner wrote. A choice may be given by number, letter or text;
                several with commas between them.
            found: for a question with `answer_from`, the forms read from the bench.
        """
        answer = answer.strip()
        if not answer:
            return Graded(False, "There is no answer yet.")
        if self.kind in ("choice", "choices"):
            return self._choice(answer)
        return self._number(answer, found) if self.kind == "number" else self._text(answer, found)

    def _pick(self, word: str) -> int | None:
        """The index of the option that a number, a letter or its text names."""
        texts = [_plain(a.text) for a in self.answers]
        # By its text first: an option may be called `2` itself.
        if _plain(word) in texts:
            return texts.index(_plain(word))
        word = word.strip().rstrip(".)").casefold()
        number = ord(word) - ord("a") if len(word) == 1 and word.isalpha() else _whole(word) - 1
        return number if 0 <= number < len(self.answers) else None

    def _choice(self, answer: str) -> Graded:
        # The whole first: an option's text may hold a comma.
        whole = self._pick(answer)
        words = (
            [answer] if whole is not None else [w for w in re.split(r"[,;]", answer) if w.strip()]
        )
        if whole is None and self.kind == "choices" and len(words) == 1:
            words = answer.split()
        picks: list[int] = []
        for word in words:
            pick = self._pick(word)
            if pick is None:
                return Graded(
                    False,
                    f"“{word.strip()}” is none of the options. "
                    f"Answer with a number from 1 to {len(self.answers)}.",
                )
            picks.append(pick)
        if self.kind == "choice" and len(set(picks)) > 1:
            return Graded(False, "Only one option can be chosen here.")
        wrong = [n for n in dict.fromkeys(picks) if not self.answers[n].right]
        if wrong:
            return Graded(False, " ".join(self.answers[n].explanation for n in wrong))
        right = [n for n, a in enumerate(self.answers) if a.right]
        missing = len(set(right) - set(picks))
        if missing:
            more = "one more option is" if missing == 1 else f"{missing} more options are"
            return Graded(False, f"What you chose is right, but {more} right as well.")
        said = [self.answers[n].explanation for n in right]
        return Graded(True, " ".join(s for s in said if s) or "Right.")

    def _accepted(self, found: Sequence[str]) -> list[Answer]:
        """The right forms; those from the bench take the explanation of `*`."""
        told = next((a.explanation for a in self.answers if a.right and a.text == ANY), "")
        written = [a for a in self.answers if a.right and a.text != ANY]
        return [*written, *(Answer(form, True, told) for form in found)]

    def _other(self, hint: str) -> Graded:
        said = next((a.explanation for a in self.answers if not a.right and a.text == ANY), "")
        return Graded(False, said or hint)

    def _text(self, answer: str, found: Sequence[str]) -> Graded:
        for form in (*self._accepted(found), *(a for a in self.answers if not a.right)):
            if _plain(form.text) == _plain(answer):
                return Graded(form.right, form.explanation or "Right.")
        return self._other("That is not it. Look again.")

    def _number(self, answer: str, found: Sequence[str]) -> Graded:
        value = self.number(answer)
        if value is None:
            unit = f", in {self.unit}" if self.unit else ""
            return Graded(False, f"“{answer}” cannot be read as a number{unit}.")
        for form in (*self._accepted(found), *(a for a in self.answers if not a.right)):
            wanted = None if form.text == ANY else self.number(form.text)
            if wanted is not None and self._near(value, wanted):
                return Graded(form.right, form.explanation or "Right.")
        return self._other("That is not the number. Look again.")

    def _near(self, value: float, wanted: float) -> bool:
        # A share of nearly nothing would accept nothing, hence the absolute part (math.isclose).
        if self.relative:
            return math.isclose(value, wanted, rel_tol=self.tolerance, abs_tol=1e-9)
        return math.isclose(value, wanted, rel_tol=1e-9, abs_tol=max(self.tolerance, 1e-9))

    def number(self, text: str) -> float | None:
        """A number in the question's unit; None when it is not one or the unit does not fit."""
        match = _NUMBER.match(text.strip())
        if match is None:
            return None
        number, unit = float(match[1]), (match[2] or "").strip().casefold()
        mine = self.unit.casefold()
        if not unit or unit == mine:
            return number
        for family in _UNITS:
            if unit in family and mine in family:
                return number * family[unit] / family[mine]
        return None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _whole(word: str) -> int:
    return int(word) if word.isdecimal() else 0
