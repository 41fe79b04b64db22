"""`infralab lessons`: the course in the source's order."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, emit_json, table, verb
from lab_engine.common.features import in_short

if TYPE_CHECKING:
    from lab_engine.course.lesson import Course, Lesson
    from lab_engine.tui.overview import LessonState, Overview


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "lessons",
        "list the course",
        about="The course in the source's order, with the time each lesson takes and the parts of "
        "the syllabus that it covers. Name a lesson to see its steps.",
        examples=[
            ("infralab lessons", "every chapter with its lessons"),
            ("infralab lessons namespaces", "one lesson with its steps"),
            ("infralab lessons --json", "the same for programs"),
        ],
    )
    parser.add_argument("lesson", nargs="?", help="a lesson, by slug or number: show its steps")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.course.lesson import load_course
    from lab_engine.session import which

    course = load_course()
    overview = _progress(course)
    states = overview.states
    if args.lesson:
        lesson = course.lesson(args.lesson)
        return _one(lesson, states[lesson.slug], as_json=args.json)
    if args.json:
        emit_json(
            {
                "title": course.title,
                "chapters": [
                    {
                        "number": chapter.number,
                        "title": chapter.title,
                        "lessons": [
                            {
                                "slug": lesson.slug,
                                "number": lesson.number,
                                "title": lesson.title,
                                "minutes": lesson.minutes,
                                "syllabus": lesson.syllabus,
                                "needs": lesson.needs,
                                "done": states[lesson.slug].done,
                            }
                            for lesson in chapter.lessons
                        ],
                    }
                    for chapter in course.chapters
                ],
            }
        )
        return 0
    print(course.title)
    wide = max((len(lesson.slug) for lesson in course.lessons), default=0)
    for chapter in course.chapters:
        print(f"\n{chapter.number}  {chapter.title}")
        for lesson in chapter.lessons:
            print(f"    {lesson.number:<6} {lesson.slug:<{wide}}  {lesson.minutes:>3} min", end="")
            print(f"  {lesson.title} ({', '.join(lesson.syllabus)}){_far(states[lesson.slug])}")
        if not chapter.lessons:
            print("    no lesson yet")
    print("\nBegin with `infralab learn LESSON`.")
    for row in overview.lost:
        what, way = which.told_lost(row)
        print(f"\nYour {what}.\n{way}")
    return 0


def _progress(course: Course) -> Overview:
    """How far each lesson is. A record that cannot be read counts as empty, and is said to be."""
    from pathlib import Path

    from lab_engine import settings
    from lab_engine.session.record import Record
    from lab_engine.tui import overview

    path: Path = settings.load().data_dir / "progress.sqlite"
    # Listing the course writes nothing, not even an empty record.
    record = Record.in_memory(path if path.exists() else None)
    try:
        return overview.read(course, record)
    finally:
        record.close()


def _far(state: LessonState) -> str:
    if not state.begun:
        return ""
    done = f"{state.done} of {len(state.steps)} steps done"
    return f": {'done' if state.whole else done}"


def _one(lesson: Lesson, state: LessonState, *, as_json: bool) -> int:
    # A lesson whose lab is broken has no states.
    dones = state.steps or (False,) * len(lesson.steps)
    if as_json:
        emit_json(
            {
                "slug": lesson.slug,
                "number": lesson.number,
                "title": lesson.title,
                "minutes": lesson.minutes,
                "syllabus": lesson.syllabus,
                "needs": lesson.needs,
                "steps": [
                    {
                        "name": step.name,
                        "number": step.number,
                        "title": step.title,
                        "minutes": step.minutes,
                        "syllabus": step.syllabus,
                        "needs_kernel": step.needs_kernel,
                        "tasks": step.tasks,
                        "questions": step.question_ids,
                        "done": done,
                    }
                    for step, done in zip(lesson.steps, dones, strict=True)
                ],
            }
        )
        return 0
    needs = f", after {', '.join(lesson.needs)}" if lesson.needs else ""
    print(f"{lesson.number}  {lesson.title} ({lesson.minutes} min{needs}){_far(state)}\n")
    rows = [
        (
            str(step.number),
            step.name,
            f"{step.minutes} min",
            f"{len(step.tasks)} tasks",
            f"{len(step.question_ids)} questions",
            ", ".join(step.syllabus),
            "done" if done else "",
            step.title,
        )
        for step, done in zip(lesson.steps, dones, strict=True)
    ]
    print(table(rows, head=("#", "step", "time", "tasks", "questions", "syllabus", "", "title")))
    for step in lesson.steps:
        if step.needs_kernel:
            print(f"\nStep {step.name} {in_short(step.needs_kernel)}.")
    return 0
