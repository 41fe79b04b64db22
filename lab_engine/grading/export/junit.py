"""Grades as JUnit XML: a suite for each learner, a case for each task."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from lab_engine.grading.gradebook.graded import TaskGrade
from lab_engine.grading.gradebook.standing import Standing
from lab_engine.shown import shown

_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""No XML 1.0 document may hold these, in whatever way they are written (XML 1.0, 2.2)."""


def junit(standings: Sequence[Standing]) -> str:
    root = ElementTree.Element("testsuites", name="infralab")
    for one in standings:
        suite = ElementTree.SubElement(root, "testsuite", name=_text(one.learner))
        tasks = [
            (lesson, task)
            for lesson in (one.graded.lessons if one.graded else ())
            for task in lesson.tasks
        ]
        suite.set("tests", str(len(tasks)))
        suite.set("failures", str(sum(task.outcome in ("fail", "not done") for _, task in tasks)))
        suite.set("errors", str(sum(task.outcome == "error" for _, task in tasks)))
        suite.set("skipped", str(sum(_skipped(task) for _, task in tasks)))
        for lesson, task in tasks:
            name = f"{task.step}/{task.task}"
            case = ElementTree.SubElement(suite, "testcase", classname=lesson.lesson, name=name)
            kind = _kind(task)
            if kind:
                told = ElementTree.SubElement(case, kind, message=_text(why(task)))
                told.text = _text(task.explanation)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _skipped(task: TaskGrade) -> bool:
    return task.outcome in ("given", "not replayed")


def _kind(task: TaskGrade) -> str:
    if _skipped(task):
        return "skipped"
    return {"pass": "", "error": "error"}.get(task.outcome, "failure")


def why(task: TaskGrade) -> str:
    """In one line why a task earned nothing."""
    if task.outcome == "given":
        return "a solution did it"
    if task.outcome == "not replayed":
        return "the replay ended before it came to this"
    if task.expected:
        return f"expected: {task.expected} observed: {task.observed}"
    return task.message or task.outcome


def _text(text: str) -> str:
    return _NO_XML.sub("", shown(text))
