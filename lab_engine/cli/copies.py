"""`infralab copies`: work that two learners share."""

from __future__ import annotations

import argparse
from pathlib import Path

from lab_engine.cli.words import add_json, emit_json, say, tell, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "copies",
        "for instructors: work that two learners share",
        about="Compares what was typed, when, the seeds' values in it, and the files of the work "
        "folder. Names each pair, says how sure it is, and shows the places side by side. No "
        "points are taken for it: you decide.",
        examples=[
            ("infralab copies handed-in/ --assignment week-3.toml --class net-27", "a folder")
        ],
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="or folders of them")
    parser.add_argument("--assignment", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--class", dest="folder", type=Path, default=Path(), metavar="FOLDER", help="else here"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.cli.grade import files
    from lab_engine.course.lesson import load_course
    from lab_engine.course.seed import Seed
    from lab_engine.grading.assignment import terms
    from lab_engine.grading.batch import claims
    from lab_engine.grading.classroom import Classroom
    from lab_engine.grading.insight.copies import copies, work
    from lab_engine.grading.submission import handed
    from lab_engine.grading.submission.refused import Refused

    course, assignment = load_course(), terms.read(args.assignment)
    classroom = Classroom.at(args.folder)
    lessons = [course.lesson(one.slug) for one in assignment.lessons]
    prepared = []
    for path in files(args.files):
        try:
            submission = handed.read(path)
            claims.require(submission, assignment)
        except Refused as refused:
            say(f"{path}: {refused.message}")
            continue
        seed = Seed(classroom.seed(assignment.id, submission.manifest.learner))
        values = {
            f"{lesson.slug}.{name}": value
            for lesson in lessons
            for name, value in lesson.variables(seed).as_text().items()
        }
        prepared.append(work(submission, values))
    found = copies(prepared)
    if args.json:
        emit_json(found)
        return 0
    for one in found:
        tell(f"{one.sure}: {one.one} and {one.other}: {one.why}")
        for place in one.places:
            tell(f"    {place.mine}")
            tell(f"    {place.theirs}")
    tell(f"{len(found)} of {len(prepared) * (len(prepared) - 1) // 2} pairs share something")
    return 0
