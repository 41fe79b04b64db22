"""`infralab bundle`: the kit for learners who are assessed."""

from __future__ import annotations

import argparse
from pathlib import Path

from lab_engine.cli.words import add_json, emit_json, tell, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "bundle",
        "for instructors: the kit without solutions, for learners",
        about="Writes a zip file with the engine and the lessons, without solutions, near misses, "
        "their explanations, the answers to questions, and all hints but the first. A step that "
        "goes on from an earlier one can be entered there only once that one is done.",
        examples=[
            ("infralab bundle --learner kit.zip", "the whole course"),
            ("infralab bundle --learner kit.zip namespaces", "one lesson"),
        ],
    )
    parser.add_argument(
        "--learner", type=Path, required=True, metavar="FILE", help="where to write it"
    )
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="all of them when left out")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.common import replacing
    from lab_engine.course.lesson import load_course
    from lab_engine.errors import InfralabError, UsageError
    from lab_engine.grading.bundle import package

    if args.learner.exists():
        raise UsageError(f"{args.learner} is there already", hint="Remove it, or name another.")
    course = load_course()
    lessons = [course.lesson(slug) for slug in dict.fromkeys(args.lessons)] or course.lessons
    found = package.files(course, lessons)
    data = package.packed(found)
    try:
        replacing.write(args.learner, data)
    except OSError as error:
        raise InfralabError(f"{args.learner} cannot be written: {error}") from error
    if args.json:
        emit_json({"file": str(args.learner), "files": sorted(found)})
    else:
        told = ", ".join(lesson.slug for lesson in lessons)
        tell(f"{args.learner}: {len(found)} files, {len(data) >> 10} KiB, with {told}.")
    return 0
