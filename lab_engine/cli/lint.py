"""`infralab lint`: what an author should mend, without a bench."""

from __future__ import annotations

import argparse

from lab_engine.cli.words import add_json, emit_json, verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "lint",
        "check the texts and labs of lessons",
        about="Looks at lessons without a bench: front matter, variables, tasks and checks, hints, "
        "near misses, commands that no test runs, the source's order. What only real machines "
        "can show is left to `infralab prove`. Advice does not make it fail.",
        examples=[
            ("infralab lint", "every lesson"),
            ("infralab lint namespaces", "one of them"),
            ("infralab lint --json", "for programs"),
        ],
    )
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="slugs or numbers; else all")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.course.lesson import load_course
    from lab_engine.course.lint.run import lint_course

    course = load_course()
    lessons = [course.lesson(name) for name in args.lessons] or list(course.lessons)
    found = lint_course(course, lessons)
    errors = sum(finding.level == "error" for finding in found)
    if args.json:
        emit_json({"lessons": [one.slug for one in lessons], "findings": found})
        return 1 if errors else 0
    for finding in found:
        advice = "advice, " if finding.level == "advice" else ""
        print(f"{finding.where}: {finding.message} ({advice}{finding.rule})")
        if finding.fix:
            print(f"    {finding.fix}")
    count = len(lessons)
    what = f"{count} lesson{'' if count == 1 else 's'}"
    print(f"{what}: {errors} to mend, {len(found) - errors} pieces of advice")
    return 1 if errors else 0
