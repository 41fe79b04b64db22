"""One learner: each task with what was expected and found, what is odd, their files, and words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, NamedTuple

from textual.binding import Binding, BindingType
from textual.content import Content

from lab_engine.errors import InfralabError
from lab_engine.grading.export.feedback import WORDS
from lab_engine.grading.gradebook.book import Word
from lab_engine.grading.gradebook.graded import TaskGrade
from lab_engine.grading.gradebook.standing import Standing
from lab_engine.grading.insight.files import WorkFile, files
from lab_engine.grading.insight.room import Room
from lab_engine.grading.insight.told import evidence, points, said, summary
from lab_engine.grading.submission.handed import Handed, Submission
from lab_engine.shown import shown
from lab_engine.tui.instructor.beside import begin, beside
from lab_engine.tui.instructor.listed import Column, Line, Listed, pairs
from lab_engine.tui.instructor.say_screen import Kind
from lab_engine.tui.instructor.states import MUTED, OUTCOMES, STATES

WHOLE: Final = "whole"
LOOKS: Final = {"new": "success", "changed": "accent", "gone": "error", "left out": "warning"}

Say = Callable[[Kind, Standing, Callable[[], None]], None]
"""Asks for a comment or an override; the last is called when it was written."""
Replay = Callable[[Handed, str], None]
"""Shows the recorded terminal of a part, and whose it is."""


class Found(NamedTuple):
    """What the gradebook has of a learner."""

    standing: Standing
    words: list[Word]


class LearnerScreen(Listed):
    """One learner.

    Args:
        room: the class and the assignment.
        learner: who.
        order: who comes before and after them.
        say: asks for a comment or an override.
        replay: shows the recorded terminal.
        at_once: whether to show the recorded terminal as soon as it is read.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", key_display="Esc"),
        Binding("p", "replay", "Replay"),
        Binding("c", "say('comment')", "Comment"),
        Binding("o", "say('override')", "Override"),
        Binding("n", "other(1)", "Next"),
        Binding("b", "other(-1)", "Before"),
        Binding("r", "again", "Read again", show=False),
        Binding("question_mark", "app.help", "Keys", key_display="?"),
    ]

    def __init__(
        self,
        room: Room,
        learner: str,
        order: Sequence[str],
        *,
        say: Say,
        replay: Replay,
        at_once: bool = False,
    ) -> None:
        super().__init__()
        self.room = room
        self.learner = learner
        self.order = list(order) or [learner]
        self.found: Found | None = None
        self.submission: Submission | None = None
        self.lacking = ""
        """Why there is no submission to look into."""
        self.files: list[WorkFile] = []
        self._say = say
        self._replay = replay
        self._at_once = at_once

    # -- what is shown ---------------------------------------------------------------------------

    def read(self) -> Found:
        return Found(self.room.standing(self.learner), self.room.words(self.learner))

    def take(self, found: Found) -> None:
        before = self.found.standing.graded if self.found else None
        self.found = found
        if found.standing.graded is None:
            self.submission, self.files, self.lacking = None, [], "nothing was handed in"
        elif before != found.standing.graded or self.submission is None:
            self.lacking = "it is being read …"
            # A large file must not hold back what the gradebook says.
            begin(self, self._open, "open")

    async def _open(self) -> None:
        assert self.found is not None
        graded, learner = self.found.standing.graded, self.learner
        assert graded is not None
        submission, its, lacking = None, list[WorkFile](), ""
        try:
            submission = await beside(self.room.submission, graded)
            its = await beside(_files, submission)
        except InfralabError as error:
            submission, lacking = None, f"{error.message}. {error.hint}"
        if learner != self.learner:
            # Another one is shown by now.
            return
        self.submission, self.files, self.lacking = submission, its, lacking
        self.show()
        if self._at_once:
            self._at_once = False
            self.action_replay()

    def head(self) -> Content:
        if self.found is None:
            return Content(f"{self.learner}")
        one = self.found.standing
        sign, _ = STATES[one.state]
        return Content.assemble(
            (shown(one.name or one.learner), "bold"),
            (f"  {shown(one.learner)} · {shown(one.assignment)}  ", ""),
            f"{points(one)}  ",
            (f"{sign} {one.state}", "bold"),
        )

    def columns(self) -> Sequence[Column]:
        return (Column(" ", 1), Column("task", 0), Column("points", 6), Column("it is", 18))

    def lines(self) -> Sequence[Line]:
        assert self.found is not None
        one = self.found.standing
        sign, look = STATES[one.state]
        told = ("look at it" if one.look else "", "words" if self.found.words else "")
        odd = ", ".join(filter(None, told))
        found = [Line(WHOLE, ((sign, look), ("All of it", "bold"), ("", ""), (odd, "dim")))]
        lessons = one.graded.lessons if one.graded else ()
        for lesson, grade in self._tasks():
            sign, look = OUTCOMES[grade.outcome]
            name = f"{grade.step}/{grade.task}"
            whole = f"{lesson}/{name}" if len(lessons) > 1 else name
            hints = f" {grade.hints}h" if grade.hints else ""
            cells = (
                (sign, look),
                (whole, ""),
                (f"{grade.points}{hints}", ""),
                (WORDS[grade.outcome], look),
            )
            found.append(Line(f"task:{lesson}/{name}", cells))
        for n, file in enumerate(self.files):
            cells = (
                ("▤", "dim"),
                (f"~/work/{file.path}", ""),
                ("", ""),
                (file.what, LOOKS.get(file.what, "dim")),
            )
            found.append(Line(f"file:{n}", cells))
        return found

    def _tasks(self) -> list[tuple[str, TaskGrade]]:
        graded = self.found.standing.graded if self.found else None
        lessons = graded.lessons if graded else ()
        return [(lesson.lesson, task) for lesson in lessons for task in lesson.tasks]

    def detail(self, key: str) -> Content:
        kind, _, name = key.partition(":")
        if kind == "task":
            for lesson, grade in self._tasks():
                if f"{lesson}/{grade.step}/{grade.task}" == name:
                    return task_detail(lesson, grade, self.room_to_tell)
        if kind == "file":
            return _file_detail(self.files[int(name)])
        return self._whole()

    def _whole(self) -> Content:
        assert self.found is not None
        parts: list[str | tuple[str, str]] = []
        for line in summary(self.found.standing):
            odd = line.startswith("odd: ")
            parts.append((f"{shown(line)}\n", "$text-warning" if odd else ""))
        if self.found.words:
            parts.append(("\nComments and overrides\n", "bold $text-accent"))
        parts += [f"{shown(said(word))}\n" for word in self.found.words]
        if self.found.standing.graded:
            parts.append(("\nWhat was handed in\n", "bold $text-accent"))
            changed = [one for one in self.files if one.what != "as it was"]
            many = f"{len(changed)} file{'s' * (len(changed) != 1)}"
            parts.append(shown(self.lacking) or f"{many} new or changed. p replays the terminal.")
        return Content.assemble(*parts)

    # -- actions ---------------------------------------------------------------------------------

    def action_say(self, kind: Kind) -> None:
        if self.found is not None:
            self._say(kind, self.found.standing, self.action_again)

    def action_other(self, by: int) -> None:
        """The next learner of the list, or the one before."""
        at = self.order.index(self.learner) if self.learner in self.order else 0
        following = at + by
        if not 0 <= following < len(self.order):
            self.notify("That was the last one." if by > 0 else "That was the first one.")
            return
        self.learner = self.order[following]
        self.found, self.submission, self.files, self.read_once = None, None, [], False
        self.at, self.lacking = "", "it is being read …"
        self.action_again()

    def action_replay(self) -> None:
        if self.submission is None:
            self.notify(shown(self.lacking), title="There is nothing to replay", markup=False)
            return
        parts = self.submission.parts
        lesson = self.at.partition(":")[2].partition("/")[0]
        part = next((one for one in parts if one.part.lesson == lesson), parts[0])
        self._replay(part, self.found.standing.name if self.found else self.learner)


def task_detail(lesson: str, grade: TaskGrade, width: int) -> Content:
    """A task in the replay, with what was expected and found, in so many columns."""
    sign, look = OUTCOMES[grade.outcome]
    style = MUTED if look == "dim" else f"bold $text-{look}"
    return Content.assemble(
        (f"{sign} {lesson}/{grade.step}/{grade.task}", style),
        f"  {WORDS[grade.outcome]}\n\n",
        pairs(list(evidence(grade)), width),
    )


def _file_detail(file: WorkFile) -> Content:
    return Content.assemble(
        (f"~/work/{file.path}", "bold $text-accent"),
        (f"  {file.what}, {file.size} bytes, lesson {file.lesson}\n\n", MUTED),
        file.text,
    )


def _files(submission: Submission) -> list[WorkFile]:
    return [file for part in submission.parts for file in files(part)]
