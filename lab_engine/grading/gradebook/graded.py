"""One grading of one submission, as data that explains itself."""

from __future__ import annotations

from typing import Literal

import msgspec

TaskOutcome = Literal["pass", "given", "fail", "error", "not done", "not replayed"]
"""`given`: a solution did it. `not done`: it was never right in the record, so not in the replay.
`not replayed`: it was right in the record, and the replay ended before it came to that."""
Outcome = Literal["reproduced", "diverged", "not replayable"]


class TaskGrade(msgspec.Struct, frozen=True):
    """A task in the replay. `recorded` is what the learner's own machine said of it."""

    step: str
    task: str
    points: int
    outcome: TaskOutcome
    recorded: str = ""
    hints: int = 0
    reason: str = ""
    expected: str = ""
    observed: str = ""
    look: str = ""
    explanation: str = ""
    message: str = ""


class LessonGrade(msgspec.Struct, frozen=True):
    """A lesson. `message` says where it diverged, or why it is not replayable.

    `title` is the lesson's; `session` is empty for one that was not handed in, which counts as
    reproduced: nothing was claimed. `edition` and `checkers` are those that graded; `notes` is
    what a person may look at; `tries` how many benches it took; `failed` whether infralab failed in
    all of them, so that it is tried again. `isolation` is what its bench was in; empty when it had
    none, or when it was graded before this was written down.
    """

    lesson: str
    title: str
    session: str
    outcome: Outcome
    message: str
    tasks: tuple[TaskGrade, ...]
    edition: str = ""
    checkers: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    commands: int = 0
    seconds: float = 0.0
    tries: int = 1
    failed: bool = False
    isolation: Literal["", "vm", "container"] = ""


class Graded(msgspec.Struct, frozen=True):
    """A submission. `received` is when it was handed in, and `by` who says so.

    `earned` is out of `possible`, with what was late taken off; None while a person must look.
    `edition` is a hash of all checkers, the image and the course: one that differs may grade
    differently. `at` is when it was graded. `isolation` is the weakest that any lesson had.
    """

    submission: str
    seal: str
    file: str
    learner: str
    assignment: str
    received: float
    by: Literal["claimed", "file"]
    made: float
    outcome: Outcome
    earned: float | None
    possible: float
    late: str
    lessons: tuple[LessonGrade, ...]
    edition: str
    image: str
    program: str
    at: float
    notes: tuple[str, ...] = ()
    isolation: Literal["", "vm", "container"] = ""

    @property
    def message(self) -> str:
        """Why a person must look, or where it diverged; nothing when all was reproduced."""
        said = [
            f"{one.lesson}: {one.message}" for one in self.lessons if one.outcome != "reproduced"
        ]
        return "; ".join(said)

    @property
    def failed(self) -> bool:
        """Whether infralab failed at a part of it: the next run tries it again."""
        return any(one.failed for one in self.lessons)

    @property
    def hints(self) -> int:
        return sum(task.hints for lesson in self.lessons for task in lesson.tasks)
