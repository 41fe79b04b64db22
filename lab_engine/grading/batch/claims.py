"""What a submission says against what the instructor knows: whose it is, which seed, what times.

None of it takes points by itself. What is odd is told to the instructor; the replay decides, with
the seed that is the learner's by the key and not with the one in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lab_engine.grading.assignment.terms import Assignment
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.roster.learner import Roster
from lab_engine.grading.submission.handed import Handed, Submission
from lab_engine.grading.submission.refused import Refused

SLACK: Final = 120.0
"""Seconds by which two clocks of one machine may differ: it may have been set in between."""
AHEAD: Final = 24 * 3600.0


def require(submission: Submission, assignment: Assignment) -> None:
    """Raises Refused for a file that was handed in for something else."""
    manifest = submission.manifest
    if manifest.assignment != assignment.id:
        asked = f"assignment {manifest.assignment}" if manifest.assignment else "no assignment"
        raise Refused(
            "assignment",
            f"it was handed in for {asked}, not for {assignment.id}",
            hint="`infralab submit --ticket FILE` says which assignment it is for.",
        )
    lessons = [part.lesson for part in manifest.parts]
    if len(set(lessons)) != len(lessons):
        raise Refused("twice", "one lesson is in it twice")
    for slug in lessons:
        if assignment.lesson(slug) is None:
            raise Refused("lesson", f"lesson {slug} is not in assignment {assignment.id}")


def oddities(
    submission: Submission, assignment: Assignment, classroom: Classroom, now: float
) -> list[str]:
    """What an instructor should know, as sentences without a full stop."""
    manifest = submission.manifest
    said = []
    if manifest.made > now + AHEAD:
        said.append("it says that it was made after today")
    seed = classroom.seed(assignment.id, manifest.learner)
    for one in submission.parts:
        slug = one.part.lesson
        if one.part.seed != seed:
            said.append(f"{slug}: its seed is {_whose(one, assignment, classroom)}")
        if assignment.mode == "assessed" and one.part.mode != "assessed":
            said.append(f"{slug}: the session was for practice, not assessed")
        said += [f"{slug}: {odd}" for odd in _times(one, manifest.made)]
        for (step, task), taken in _hints(one).items():
            if taken > assignment.hints:
                said.append(f"{slug}: {taken} hints for {step}/{task}, {assignment.hints} allowed")
    return said


def _whose(one: Handed, assignment: Assignment, classroom: Classroom) -> str:
    roster: Roster = classroom.roster()
    for learner in roster.learners:
        if classroom.seed(assignment.id, learner.id) == one.part.seed:
            return f"that of {learner.id}"
    return "nobody's in this class"


def _times(one: Handed, made: float) -> Iterator[str]:
    past = one.past
    marks = [
        *(mark.at for mark in past.happened),
        *(mark.at for mark in past.verdicts),
        *(mark.at for mark in past.hints),
        *(mark.at for mark in past.answers),
    ]
    if any(at > made + SLACK for at in marks):
        yield "something in its record happened after it was made"
    if any(at < past.began - SLACK for at in marks):
        yield "something in its record happened before the session began"
    for cast in one.recordings():
        if cast.began < past.began - SLACK:
            yield f"the recording {cast.name} is older than its session"
        if cast.events and cast.events[-1].at > made + SLACK:
            yield f"the recording {cast.name} goes on after it was made"
        if any(b.at < a.at for a, b in zip(cast.events, cast.events[1:], strict=False)):
            yield f"the recording {cast.name} is not in the order of time"


def _hints(one: Handed) -> dict[tuple[str, str], int]:
    taken: dict[tuple[str, str], int] = {}
    for hint in one.past.hints:
        taken[hint.step, hint.task] = taken.get((hint.step, hint.task), 0) + 1
    return taken
