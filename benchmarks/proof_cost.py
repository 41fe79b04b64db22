"""Seconds that a case of a proof costs, from `infralab prove --json` (run here without FILE)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing
from lab_engine.proof.result import LessonProof

CASES = ("solution", "near-miss", "left-out")
"""What is done again and again; the start, the text's blocks and the teardown are once a step."""
AIM_SECONDS = 2.0
CONTAINER_LESSONS = ("docker-networking", "keeping-data")


def compared(proofs: Sequence[LessonProof]) -> tuple[Comparison, ...]:
    """One line a lesson and kind of case."""
    lines: list[Comparison] = []
    for lesson in dict.fromkeys(proof.lesson for proof in proofs):
        cases = [case for proof in proofs if proof.lesson == lesson for case in proof.cases]
        aim = Aim(AIM_SECONDS, "median") if lesson in CONTAINER_LESSONS else None
        groups = {kind: [c.seconds for c in cases if c.kind == kind] for kind in CASES}
        groups["all cases"] = [seconds for times in groups.values() for seconds in times]
        lines += [
            Comparison(f"{lesson}, {kind}", Timing("infralab", tuple(times)), (), aim)
            for kind, times in groups.items()
            if times
        ]
    return tuple(lines)


def proven(args: argparse.Namespace) -> bytes:
    if args.file:
        return Path(args.file).read_bytes()
    words = [sys.executable, "-m", "lab_engine", "prove", "keeping-data", "--json", "--quiet"]
    if args.quick:
        words += ["--step", "named-volume"]
    with tempfile.TemporaryDirectory() as folder:
        own = {**os.environ, "INFRALAB_DATA_DIR": folder}
        done = subprocess.run(words, env=own, capture_output=True, check=False, timeout=1800)
    if not done.stdout:
        raise place.Failed(done.stderr.decode(errors="replace")[-2000:])
    return done.stdout


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    text = proven(args)
    start = text.find(b"[")
    proofs = msgspec.json.decode(text[start:], type=list[LessonProof])
    count = sum(len(proof.cases) for proof in proofs)
    total = sum(proof.seconds for proof in proofs)
    good = "all as they should be" if all(p.good for p in proofs) else "NOT all as they should be"
    return Result(
        "proof cases",
        measure.machine(before),
        compared(proofs),
        {"whole proofs": f"{count} cases in {measure.told(total)}, {good}"},
        ("A case: run the script, check, check again, compare, and undo.",),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", help="what `infralab prove --json` printed")


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
