"""`infralab prove`: are the lessons' checks right?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, emit_json, say, verb

if TYPE_CHECKING:
    from lab_engine.course.lesson import Course, Lesson


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "prove",
        "prove the checks of lessons on the real bench",
        about="Provisions each step; every check must fail on the start state, pass after each "
        "solution, and again, and reject each near miss and each solution with one line left out "
        "(with seeds 3 and 7, which follow the first one, no lines are left out). "
        "Explanations must be shown only where they hold, and each command for looking must work. "
        "What the step does not name must stay as it was, and nothing may be left. Exits with 1 if "
        "anything of this is not so.",
        examples=[
            ("infralab prove", "all lessons"),
            ("infralab prove namespaces --seed 1 --seed 2", "one lesson, two seeds"),
            ("infralab prove --changed --record", "what three seeds have not proven as it is now"),
            ("infralab prove --jobs 4", "four benches at once"),
            ("infralab prove namespaces --step uts", "one step, while writing it"),
            ("infralab prove namespaces --step uts --case 'near'", "its cases of that name"),
            ("infralab prove namespaces --walk --record", "note what its checks see change"),
        ],
    )
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("--seed", action="append", help="may be given several times")
    parser.add_argument("--step", action="append", help="only these steps")
    parser.add_argument(
        "--case",
        default="",
        metavar="WORDS",
        help="only near misses and solutions with these words in their names; nothing is noted",
    )
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="N times each")
    parser.add_argument(
        "--changed",
        action="store_true",
        help="only steps and seeds that content/proven.json does not have as they are now; "
        "three seeds unless --seed says which",
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="so many lessons or seeds at once"
    )
    parser.add_argument(
        "--walk",
        action="store_true",
        help="only the start, the text's commands and the first solution of each step",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="note in content/proven.json what the checks saw change, for `infralab syllabus`, and "
        "with which seeds all was good",
    )
    parser.add_argument("--junit", metavar="FILE", help="write JUnit XML")
    parser.add_argument("--quiet", action="store_true", help="no line for each case")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine.cli.current import run_async

    return run_async(lambda: _prove(args))


async def _prove(args: argparse.Namespace) -> int:
    import asyncio
    from pathlib import Path

    from lab_engine import settings
    from lab_engine.cli.current import open_record
    from lab_engine.common import tasks
    from lab_engine.course import proven
    from lab_engine.course.lesson import load_course
    from lab_engine.errors import InfralabError
    from lab_engine.proof.report import costs, junit, table
    from lab_engine.proof.result import CaseResult, LessonProof
    from lab_engine.proof.run import prove_lesson

    course = load_course()
    turns = _turns(course, args)
    if not turns:
        say("infralab: everything asked for is proven as it is now")
        return 0
    config = settings.load()
    record = open_record()
    proofs: list[LessonProof] = []

    def progress(lesson: str, case: CaseResult) -> None:
        if not args.quiet:
            mark = "ok  " if case.good else "FAIL"
            say(f"{mark} {lesson} {case.step} {case.kind} {case.name} {case.seconds:.1f} s")
        if not case.good:
            say(f"     {case.problem}")

    benches = asyncio.Semaphore(args.jobs)

    async def turn(lesson: Lesson, seed: str, steps: list[str] | None) -> None:
        async with benches:
            # Before: an author may go on writing while it is proven.
            now = proven.editions(lesson)
            proof = await prove_lesson(
                lesson, seed, record, config, progress,
                steps=steps, walk=args.walk, case=args.case,
            )  # fmt: skip
        if args.record:
            # After each: a run that is interrupted keeps what it has seen.
            whole = () if args.walk else proof.whole
            proven.record(lesson, proof.seen, now, seed, whole, content=course.content)
        proofs.append(proof)
        if not args.json:
            print(table(proof, lesson), flush=True)

    try:
        async with asyncio.TaskGroup() as group:
            for one in turns:
                group.create_task(turn(*one))
    except BaseExceptionGroup as errors:
        # The first says what is wrong: most often the engine is, for all of them.
        if failed := tasks.first(errors, InfralabError):
            raise failed from None
        raise
    finally:
        record.close()
    if args.json:
        emit_json(proofs)
    elif len({(proof.lesson, case.step) for proof in proofs for case in proof.cases}) > 2:
        print(costs(proofs), flush=True)
    if args.junit:
        await asyncio.to_thread(Path(args.junit).write_bytes, junit(proofs))
    return 0 if all(proof.good for proof in proofs) else 1


def _turns(course: Course, args: argparse.Namespace) -> list[tuple[Lesson, str, list[str] | None]]:
    """What is to prove: a lesson, a seed, and the steps or None for all, each in its own bench.

    Raises UsageError.
    """
    from lab_engine.course import proven
    from lab_engine.errors import UsageError

    lessons = [course.lesson(slug) for slug in args.lessons] or list(course.lessons)
    steps = {one.slug: _steps(one, args.step) for one in lessons}
    if not any(chosen is None or chosen for chosen in steps.values()):
        raise UsageError(
            f"no step is called {' or '.join(args.step)} in {', '.join(steps)}",
            hint="`infralab lessons LESSON` lists the steps.",
        )
    if args.jobs < 1:
        raise UsageError("--jobs wants a number of benches, at least 1")
    if args.case:
        _check_case(lessons, steps, args)
    notes = proven.load(course.content)
    turns = []
    for lesson in lessons:
        for seed in args.seed or (proven.SEEDS if args.changed else proven.SEEDS[:1]):
            wanted = steps[lesson.slug]
            if args.changed:
                wanted = [
                    step.name
                    for step in lesson.steps
                    if step.lab_step
                    and (wanted is None or step.name in wanted)
                    and seed not in notes.seeds(lesson, step)
                ]
            if wanted is None or wanted:
                turns += [(lesson, seed, wanted)] * args.repeat
    return turns


def _check_case(
    lessons: list[Lesson], steps: dict[str, list[str] | None], args: argparse.Namespace
) -> None:
    """Raises UsageError when no case is called so, or when a part would be noted as the whole."""
    from lab_engine.errors import UsageError
    from lab_engine.proof.run import named_cases

    if args.walk or args.record or args.changed:
        raise UsageError(
            "--case proves a part of a step, which cannot be noted or walked",
            hint="Leave out --walk, --record and --changed, or leave out --case.",
        )
    chosen = [
        step.lab_step
        for lesson in lessons
        for step in lesson.steps
        if step.lab_step is not None and (steps[lesson.slug] or [step.name]).count(step.name)
    ]
    if not any(named_cases(step, args.case) for step in chosen):
        known = [name for step in chosen for name in named_cases(step, "")]
        raise UsageError(
            f"no case has {args.case!r} in its name",
            hint=f"There are: {'; '.join(known[:20])}{' …' if len(known) > 20 else ''}.",
        )


def _steps(lesson: Lesson, wanted: list[str] | None) -> list[str] | None:
    """The names of a lesson's steps among those wanted by name or number; None for all."""
    if wanted is None:
        return None
    return [one.name for one in lesson.steps if {one.name, str(one.number)} & set(wanted)]
