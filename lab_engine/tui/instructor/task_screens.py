"""The tasks over the class: which went wrong most, and for one, mistake by mistake, whose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from lab_engine.grading.export.feedback import WORDS
from lab_engine.grading.insight.room import Room
from lab_engine.grading.insight.task import ClassTask, Outcome
from lab_engine.shown import shown
from lab_engine.tui.instructor.learner_screen import task_detail
from lab_engine.tui.instructor.listed import Column, Line, Listed
from lab_engine.tui.instructor.states import MUTED, OUTCOMES

BACK = Binding("escape,q", "back", "Back", key_display="Esc")
AGAIN = Binding("r", "again", "Read again")
KEYS = Binding("question_mark", "app.help", "Keys", key_display="?")


class TasksScreen(Listed):
    """Every task of the assignment.

    Args:
        room: the class and the assignment.
        task: opens one of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [BACK, AGAIN, KEYS]

    def __init__(self, room: Room, task: Callable[[str], None]) -> None:
        super().__init__()
        self.room = room
        self.found: list[ClassTask] = []
        self._open_task = task

    def read(self) -> list[ClassTask]:
        return self.room.tasks()

    def take(self, found: list[ClassTask]) -> None:
        self.found = found

    def head(self) -> Content:
        return Content.assemble(
            (f"{shown(self.room.assignment.id)} tasks over the class", "bold"),
            (f"  {len(self.found)} tasks", ""),
        )

    def columns(self) -> Sequence[Column]:
        return (Column("task", 0), Column("passed", 9), Column("mistakes", 8))

    def lines(self) -> Sequence[Line]:
        found = []
        for one in self.found:
            whole = one.passed == len(one.outcomes)
            cells = (
                (one.key, ""),
                (f"{one.passed} of {len(one.outcomes)}", "success" if whole else "warning"),
                (str(len(one.mistakes) or ""), ""),
            )
            found.append(Line(one.key, cells))
        return found

    def detail(self, key: str) -> Content:
        return clusters(next(one for one in self.found if one.key == key))

    def enter(self, key: str) -> None:
        self._open_task(key)


class TaskScreen(Listed):
    """One task: learners who made the same mistake stand together, who passed come last.

    Args:
        room: the class and the assignment.
        key: the task, such as `namespaces/uts/own-name`.
        learner: opens one learner, with those before and after them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [BACK, AGAIN, KEYS]

    def __init__(self, room: Room, key: str, learner: Callable[[str, Sequence[str]], None]) -> None:
        super().__init__()
        self.room = room
        self.key = key
        self.found: ClassTask | None = None
        self._learner = learner

    def read(self) -> ClassTask:
        return self.room.task(self.key)

    def take(self, found: ClassTask) -> None:
        self.found = found

    def head(self) -> Content:
        if self.found is None:
            return Content(self.key)
        one = self.found
        return Content.assemble(
            (shown(one.key), "bold"),
            f"  {one.passed} of {len(one.outcomes)} passed",
            (f"  {one.points} points, {len(one.absent)} not graded", ""),
        )

    def columns(self) -> Sequence[Column]:
        return (
            Column(" ", 1),
            Column("learner", 10),
            Column("mistake", 16),
            Column("found", 0),
        )

    def lines(self) -> Sequence[Line]:
        assert self.found is not None
        found = []
        for one in self.found.outcomes:
            sign, look = OUTCOMES[one.grade.outcome]
            passed = one.grade.outcome == "pass"
            mistake = one.grade.reason or ("" if passed else WORDS[one.grade.outcome])
            cells = (
                (sign, look),
                (one.learner, ""),
                ("" if passed else mistake, look),
                ("" if passed else one.grade.observed, ""),
            )
            found.append(Line(one.learner, cells))
        return found

    def detail(self, key: str) -> Content:
        assert self.found is not None
        one = next(one for one in self.found.outcomes if one.learner == key)
        return Content.assemble(
            (f"{shown(one.name or key)}\n", "bold $text-accent"),
            _shared(one),
            task_detail(self.found.lesson, one.grade, self.room_to_tell),
        )

    def enter(self, key: str) -> None:
        assert self.found is not None
        self._learner(key, [one.learner for one in self.found.outcomes])


def _shared(one: Outcome) -> Content:
    if one.mistake is None:
        return Content("")
    many, of = len(one.mistake.learners), one.mistake.of
    others = [who for who in one.mistake.learners if who != one.learner]
    shared = f", with {shown(', '.join(others))}" if others else ""
    return Content.assemble((f"{many} of {of} made this mistake{shared}\n", MUTED))


def clusters(task: ClassTask) -> Content:
    """The mistakes of a task, the most frequent first."""
    parts: list[str | tuple[str, str]] = [(f"{shown(task.key)}\n\n", "bold $text-accent")]
    for one in task.mistakes:
        parts += [
            (f"{len(one.learners)} of {one.of}  ", "bold $text-error"),
            (f"{shown(one.reason)}\n", "bold"),
            f"{shown(one.explanation)}\n",
            (f"{shown(', '.join(one.learners))}\n\n", MUTED),
        ]
    others = [one for one in task.outcomes if one.grade.outcome != "pass" and one.mistake is None]
    if others:
        names = ", ".join(f"{one.learner} ({WORDS[one.grade.outcome]})" for one in others)
        parts += [("no mistake that has a name\n", "bold"), (f"{shown(names)}\n\n", MUTED)]
    passed = [one.learner for one in task.outcomes if one.grade.outcome == "pass"]
    parts += [
        (f"{len(passed)} passed\n", "bold $text-success"),
        (shown(", ".join(passed)), MUTED),
    ]
    if task.absent:
        parts += [("\n\nnot graded\n", "bold"), (shown(", ".join(task.absent)), MUTED)]
    return Content.assemble(*parts)
