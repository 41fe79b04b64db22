"""Verdicts and progress as sentences, for the plain walk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from lab_engine.course.lesson import Lesson, Step, Task
from lab_engine.course.text.model import Document
from lab_engine.course.text.plain import ended
from lab_engine.course.told import points, reasons, trouble
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.session import points as scoring
from lab_engine.session.record import TaskState

HELP = """\
check             say how the tasks stand, with the reason where one is not done
tasks             the tasks alone; `text` is the whole text again
hint              what the next hints cost; `hint N` shows the next one for task N
run COMMAND       run a command in the bench as the learner, then say what changed
shell [TARGET]    a shell in the bench, or in container:NAME, vm:NAME, netns:NAME
answer Q A        answer question Q with A, such as: answer 1 2
next, back        the next or the previous step; `go NAME` any step, `steps` lists them
agree             when a step would take away what you made: your word to go there
status            where you are, and your points
reset             the step as it was at its start
solution [N]      show the solutions; with a number, do the step by it (counts as given)
repair            start again what was stopped in the bench
quit              leave; the bench goes on, and you can take it up again"""


WORDS: Final = {
    "expected": "Expected",
    "observed": "Found",
    "look": "To see it",
    "explanation": "Perhaps",
}


def verdict_lines(number: int, verdict: Verdict) -> Iterator[str]:
    """One verdict, with the reason when it is not a pass."""
    name = f"Task {number}"
    match verdict.outcome:
        case Outcome.PASS:
            yield f"{name} is done: {points(verdict.points)}."
        case Outcome.WAITING:
            yield f"{name} waits until an earlier task is done."
        case Outcome.ERROR:
            yield f"{name} could not be checked. {trouble(verdict)}"
        case Outcome.FAIL:
            yield f"{name} is not done yet."
            for part, said in reasons(verdict):
                if part in WORDS:
                    yield f"{WORDS[part]}: {said}"


def spoken(
    verdicts: Sequence[Verdict], before: Mapping[str, Outcome], number: Callable[[str], int]
) -> Iterator[str]:
    """What is different from `before`, one sentence a task; nothing when nothing is."""
    for verdict in verdicts:
        was, now = before.get(verdict.task), verdict.outcome
        name = f"Task {number(verdict.task)}"
        if was is now:
            continue
        if now is Outcome.PASS:
            yield f"{name} is now done: {points(verdict.points)}."
        elif was is Outcome.PASS:
            yield f"{name} is no longer done. `check` says why."
        elif now is Outcome.ERROR:
            yield f"{name} could not be checked. {trouble(verdict)}"
        elif was is Outcome.WAITING:
            yield f"{name} can be done now."


def situation(
    lesson: Lesson,
    step: Step,
    document: Document,
    seen: Mapping[str, Outcome],
    answered: Mapping[str, bool],
    states: Sequence[TaskState],
) -> Iterator[str]:
    """Where the learner is: the step, each task and question, the points."""
    yield f"Lesson {lesson.title}, step {step.number} of {len(lesson.steps)}: {ended(step.title)}"
    mine = {state.task: state for state in states if state.step == step.name}
    for task in step.tasks:
        state = mine.get(task.id)
        done = "done" if seen.get(task.id) is Outcome.PASS else "not done"
        given = " (given by the solution)" if state and state.passed and state.given else ""
        hints = f", with {state.hints} of {task.hints} hints" if state and state.hints else ""
        yield f"Task {task.number}: {done}{given}{hints}, {points(task.points)}."
    for number, block in enumerate(document.questions, 1):
        words = {True: "answered", False: "answered, not right yet", None: "not answered"}
        yield f"Question {number}: {words[answered.get(block.question.id)]}."
    yield earned(lesson, states)


def earned(lesson: Lesson, states: Sequence[TaskState]) -> str:
    """The lesson's points so far, hints taken off."""
    whole = sum(step.points for step in lesson.steps)
    given = sum(state.points for state in states if state.passed and state.given)
    more = f", and {given} given by solutions" if given else ""
    return f"Points: {scoring.shown(scoring.total(states))} earned of {whole}{more}."


def hint_cost(task: Task, taken: int, mode: str) -> str:
    """What the next hint of a task costs, before it is taken."""
    name = f"Task {task.number}"
    allowed = scoring.hints_allowed(mode)
    if taken >= task.hints or (allowed is not None and taken >= allowed):
        return f"{name}: there is no further hint."
    cost = scoring.shown(scoring.cost(task.points, taken))
    price = f"costs {cost} of {points(task.points)}" if cost != "0" else "costs nothing more"
    return f"{name}: hint {taken + 1} of {task.hints} {price}. `hint {task.number}` shows it."


def finish(lesson: Lesson, states: Sequence[TaskState]) -> str:
    """What is said after the last step."""
    return f"That was the last step of {lesson.title}. {earned(lesson, states)}"
