"""The page at the end of a lesson: what was earned, what to read again, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar, Final, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lab_engine.course.lesson import Lesson, Step
from lab_engine.course.told import points
from lab_engine.session import points as scoring
from lab_engine.session.record import TaskState
from lab_engine.tui.document.content import DONE, OPEN
from lab_engine.tui.screens.dialog_box import Buttons, DialogBox

MANY_HINTS: Final = 2
"""From so many hints on a step is worth reading once more."""
MANY_STEPS: Final = 3
"""So many are counted instead of named."""


class Row(NamedTuple):
    """A step, how it went in words, whether all of it is done, and whether to read it again."""

    step: Step
    line: Content
    whole: bool
    again: bool


def rows(lesson: Lesson, states: Sequence[TaskState], done: Sequence[bool]) -> list[Row]:
    """Each step with something to do, how it went, and whether to go back to it."""
    found = []
    for step, whole in zip(lesson.steps, done, strict=True):
        if not (step.tasks or step.question_ids):
            continue
        mine = [state for state in states if state.step == step.name]
        hints = sum(state.hints for state in mine)
        given = any(state.given for state in mine if state.passed)
        notes = [f"{hints} hint{'s' if hints > 1 else ''}"] if hints else []
        notes += ["given by its solution"] if given else []
        notes += [] if whole else ["still open"]
        earned = scoring.shown(scoring.total(mine))
        line = Content.assemble(
            (f"{DONE if whole else OPEN} ", "bold $text-success" if whole else "dim"),
            f"{step.number}. {step.title}",
            (f"  {earned} of {points(step.points)}" if step.tasks else "", "bold"),
            (f"  {', '.join(notes)}" if notes else "", "dim"),
        )
        found.append(Row(step, line, whole, given or hints >= MANY_HINTS))
    return found


class LessonEnd(ModalScreen[str | None]):
    """Returns `course`, `next`, the name of a step to read again, or None to stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Stay"),
    ]
    DEFAULT_CSS = """
    LessonEnd { align: center middle; }
    LessonEnd DialogBox { width: 76; border: round $success; }
    LessonEnd Static { height: auto; }
    LessonEnd .lead { text-style: bold; margin: 0 0 1 0; }
    LessonEnd .again { color: $text-muted; margin: 1 0; }
    """

    def __init__(
        self,
        lesson: Lesson,
        states: Sequence[TaskState],
        done: Sequence[bool],
        following: Lesson | None,
    ) -> None:
        super().__init__()
        self.lesson = lesson
        self.following = following
        self.rows = rows(lesson, states, done)
        self.earned: Fraction = scoring.total(states)

    def compose(self) -> ComposeResult:
        whole = points(sum(step.points for step in self.lesson.steps))
        back = any(row.again or not row.whole for row in self.rows)
        with DialogBox():
            lead = f"“{self.lesson.title}”: {scoring.shown(self.earned)} of {whole}"
            yield Static(lead, classes="lead", markup=False)
            for row in self.rows:
                yield Static(row.line)
            words = self._sum()
            if self.following:
                words += f" Next: “{self.following.title}”, {self.following.minutes} minutes."
            yield Static(words, classes="again", markup=False)
            with Buttons():
                yield Button("Stay here", id="stay", compact=True)
                if back:
                    yield Button("Go back", id="again", compact=True)
                yield Button("The course", id="course", compact=True)
                if self.following:
                    yield Button("Next lesson", id="next", variant="primary", compact=True)

    def _sum(self) -> str:
        still = [f"“{row.step.title}”" for row in self.rows if not row.whole]
        again = [f"“{row.step.title}”" for row in self.rows if row.whole and row.again]
        words = []
        if still:
            told = ", ".join(still) if len(still) < MANY_STEPS else f"{len(still)} steps"
            words.append(f"Still open: {told}.")
        if again:
            words.append(f"Worth reading again: {', '.join(again)}.")
        return " ".join(words) or "All of it by your own work."

    @on(Button.Pressed)
    def _chosen(self, event: Button.Pressed) -> None:
        event.stop()
        which = event.button.id
        if which == "again":
            which = next(row.step.name for row in self.rows if row.again or not row.whole)
        self.dismiss(None if which == "stay" else which)
