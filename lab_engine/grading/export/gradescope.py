"""A learner's grade as Gradescope's `results.json` (Gradescope, "Autograder Specifications")."""

from __future__ import annotations

from typing import Any

import msgspec

from lab_engine.grading.export.junit import why
from lab_engine.grading.gradebook.standing import Standing
from lab_engine.session import points
from lab_engine.shown import shown


def results(standing: Standing) -> str:
    """`score` is left out while nothing is decided: Gradescope would take 0 for a mark."""
    tests = []
    for lesson in standing.graded.lessons if standing.graded else ():
        for task in lesson.tasks:
            passed = task.outcome == "pass"
            tests.append(
                {
                    "name": f"{lesson.lesson} / {task.step} / {task.task}",
                    "score": float(points.worth(task.points, task.hints)) if passed else 0.0,
                    "max_score": task.points,
                    "status": "passed" if passed else "failed",
                    "output": "" if passed else shown(f"{why(task)} {task.explanation}".strip()),
                    "visibility": "visible",
                }
            )
    told = [standing.state, *standing.comments]
    if standing.graded and standing.graded.late:
        told.append(standing.graded.late)
    found: dict[str, Any] = {"output": shown("\n".join(told)), "tests": tests}
    if standing.earned is not None:
        found["score"] = round(standing.earned, 2)
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
