"""`infralab prove`: are the lessons' checks right?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lab_engine.cli.words import add_json, emit_json, say, verb

if TYPE_CHECKING:
    from lab_engine.course.lesson import Lesson


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "prove",
        "prove the checks of lessons on the real bench",
        about="Provisions each step; every check must fail on the start state, pass after each "
        "solution, and again, and reject each near miss and each solution with one line left out. "
        "Explanations must be shown only where they hold, and each command for looking must work. "
        "What the step does not name must stay as it was, and nothing may be left. Exits with 1 if "
        "anything of this is not so.",
        examples=[
            ("infralab prove", "all lessons"),
            ("infralab prove namespaces --seed 1 --seed 2", "one lesson, two seeds"),
            ("infralab prove --changed", "only what changed since its last proof"),
            ("infralab prove namespaces --step uts", "one step, while writing it"),
            ("infralab prove namespaces --walk --record", "note what its checks see change"),
        ],
    )
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("--seed", action="append", help="may be given several times")
    parser.add_argument("--step", action="append", help="only these steps")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="N times each")
    parser.add_argument("--changed", action="store_true", help="skip what is proven already")
    parser.add_argument(
        "--walk",
        action="store_true",
        help="only the start, the text's commands and the first solution of each step",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="note in content/proven.json what the checks saw change, for `infralab syllabus`",
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
    from lab_engine.course import proven
    from lab_engine.course.lesson import load_course
    from lab_engine.errors import UsageError
    from lab_engine.proof import kept
    from lab_engine.proof.report import junit, table
    from lab_engine.proof.result import CaseResult
    from lab_engine.proof.run import prove_lesson

    course = load_course()
    lessons = [course.lesson(slug) for slug in args.lessons] or list(course.lessons)
    steps = {one.slug: _steps(one, args.step) for one in lessons}
    if not any(chosen is None or chosen for chosen in steps.values()):
        raise UsageError(
            f"no step is called {' or '.join(args.step)} in {', '.join(steps)}",
            hint="`infralab lessons LESSON` lists the steps.",
        )
    config = settings.load()
    folder = config.cache_dir / "proofs"
    record = open_record()
    proofs = []
    part = args.step or args.walk

    def progress(lesson: str, case: CaseResult) -> None:
        if not args.quiet:
            mark = "ok  " if case.good else "FAIL"
            say(f"{mark} {lesson} {case.step} {case.kind} {case.name} {case.seconds:.1f} s")
        if not case.good:
            say(f"     {case.problem}")

    for lesson in lessons:
        if steps[lesson.slug] == []:
            continue
        for seed in args.seed or ["proof"]:
            for _ in range(args.repeat):
                # Before: an author may go on writing while it is proven.
                now = proven.editions(lesson)
                key = kept.content_hash(lesson, seed)
                # A part is no proof of the whole: neither taken for one nor kept as one.
                old = kept.load(folder, key) if args.changed and not part else None
                proof = old or await prove_lesson(
                    lesson, seed, record, config, progress, steps=steps[lesson.slug], walk=args.walk
                )
                if not part and not old:
                    kept.store(folder, key, proof)
                if args.record:
                    # After each: a run that is interrupted keeps what it has seen.
                    proven.record(lesson, proof.seen, now, content=course.content)
                proofs.append(proof)
                if not args.json:
                    print(table(proof, lesson), flush=True)
    record.close()
    if args.json:
        emit_json(proofs)
    if args.junit:
        await asyncio.to_thread(Path(args.junit).write_bytes, junit(proofs))
    return 0 if all(proof.good for proof in proofs) else 1


def _steps(lesson: Lesson, wanted: list[str] | None) -> list[str] | None:
    """The names of a lesson's steps among those wanted by name or number; None for all."""
    if wanted is None:
        return None
    return [one.name for one in lesson.steps if {one.name, str(one.number)} & set(wanted)]
