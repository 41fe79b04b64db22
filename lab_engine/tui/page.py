"""The page that is open at the desk: a step, and how it stands, for the screens to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab_engine.common.evidence import Evidence
from lab_engine.course.lesson import Lesson, Step
from lab_engine.course.text.question import Graded
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.families.drawing import Picture
from lab_engine.session import points as scoring
from lab_engine.session.record import Record, TaskState

if TYPE_CHECKING:
    from lab_engine.course.lab import Variables
    from lab_engine.course.text.model import Document


class Page:
    """The step's text and what is known of its tasks and questions. Keys are their ids."""

    def __init__(self) -> None:
        self.lesson: Lesson | None = None
        self.step: Step | None = None
        self.document: Document | None = None
        self.introduction: Document | None = None
        self.variables: Variables | None = None
        self.verdicts: dict[str, Verdict] = {}
        self.at_start: dict[str, Evidence | None] = {}
        """What each check said before the learner did anything."""
        self.answers: dict[str, bool] = {}
        self.graded: dict[str, Graded] = {}
        self.hints: dict[str, int] = {}
        self.states: tuple[TaskState, ...] = ()
        self.picture = Picture()
        self.looked = False
        """Whether the picture is of this step: before the first look nothing is known."""
        self.reading: tuple[int, int] | None = None
        """Where in the text the learner was when the screen was left."""

    def turn_to(self, step: Step, document: Document) -> None:
        """Another step, of which nothing is known yet."""
        self.step, self.document = step, document
        self.verdicts, self.at_start, self.graded, self.hints = {}, {}, {}, {}
        self.answers, self.states = {}, ()
        self.picture, self.looked = Picture(), False
        self.reading = None

    def recall(self, record: Record, session: str) -> None:
        """What the record knows of the step. Reads the disk."""
        assert self.step is not None
        assert self.document is not None
        name = self.step.name
        self.answers = record.answered(session, name)
        self.hints = {task.id: record.hints(session, name, task.id) for task in self.document.tasks}
        self.states = tuple(record.tasks(session))

    @property
    def nothing(self) -> str:
        """What to say in place of a picture with nothing in it."""
        if self.step is not None and self.step.lab_step is None:
            return "This step is for reading and thinking. Nothing is made in it."
        if not self.looked:
            return "What is here appears once the step is ready."
        return "Nothing is here yet. What you make appears here."

    @property
    def next_step(self) -> Step | None:
        if self.lesson is None or self.step is None:
            return None
        steps = self.lesson.steps
        return steps[self.step.number] if self.step.number < len(steps) else None

    @property
    def previous_step(self) -> Step | None:
        if self.lesson is None or self.step is None or self.step.number == 1:
            return None
        return self.lesson.steps[self.step.number - 2]

    @property
    def done(self) -> bool:
        """Whether the step is done in this session, as `session.done` means it.

        One with nothing to do is never done while it is read.
        """
        if self.document is None or self.step is None:
            return False
        accepted = {s.task for s in self.states if s.step == self.step.name and s.passed}
        accepted |= {name for name in self.verdicts if self.passed(name)}
        tasks = {task.id for task in self.document.tasks}
        return bool(tasks or self.document.questions) and tasks <= accepted and self._answered

    @property
    def stands(self) -> bool:
        """Whether nothing is open now: what was done once may have been changed since."""
        if self.document is None:
            return False
        return all(self.passed(task.id) for task in self.document.tasks) and self._answered

    @property
    def _answered(self) -> bool:
        asked = self.document.questions if self.document else ()
        return all(self.answers.get(one.question.id) for one in asked)

    @property
    def given(self) -> set[str]:
        """The tasks of the step that a solution did."""
        if self.step is None:
            return set()
        return {s.task for s in self.states if s.step == self.step.name and s.given}

    @property
    def points(self) -> str:
        """What was earned in the lesson so far, of how much: `4.4/22`."""
        if self.lesson is None:
            return ""
        whole = sum(step.points for step in self.lesson.steps)
        return f"{scoring.shown(scoring.total(self.states))}/{whole}"

    def passed(self, task: str) -> bool:
        verdict = self.verdicts.get(task)
        return verdict is not None and verdict.passed

    @property
    def blind(self) -> bool:
        """Whether some check could not look: something in the bench does not answer."""
        return any(verdict.outcome is Outcome.ERROR for verdict in self.verdicts.values())

    def touched(self, task: str) -> bool:
        """Whether a task that is not done stands otherwise than at the step's start."""
        verdict = self.verdicts.get(task)
        if verdict is None or verdict.outcome is not Outcome.FAIL:
            return False
        return task in self.at_start and verdict.evidence != self.at_start[task]
