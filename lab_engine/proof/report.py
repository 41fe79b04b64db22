"""A proof for people, for programs and for CI."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from xml.etree import ElementTree

from lab_engine.course.lesson import Lesson
from lab_engine.proof.result import CaseResult, LessonProof
from lab_engine.shown import shown


def table(proof: LessonProof, lesson: Lesson) -> str:
    """One line a check: near misses killed, seconds; then each case that went wrong."""
    lines = [f"{proof.lesson}  seed {proof.seed}  {proof.seconds:.1f} s"]
    lines.append(f"  {'step':<22} {'check':<24} {'rejected':>9}")
    taken = {case.step for case in proof.cases}
    for step in (step for step in lesson.lab.steps.values() if step.name in taken):
        for check in step.checks:
            killed, total = proof.killed(step.name, check.task)
            lines.append(f"  {step.name:<22} {check.task:<24} {f'{killed}/{total}':>9}")
    for kind in ("start", "text", "solution", "near-miss", "left-out", "teardown"):
        mine = [case for case in proof.cases if case.kind == kind]
        if mine:
            seconds = sum(case.seconds for case in mine)
            good = sum(case.good for case in mine)
            lines.append(
                f"  {kind + ' cases':<22} {good}/{len(mine)} good, "
                f"{seconds:.1f} s, {seconds / len(mine):.2f} s each"
            )
    lines += [
        f"  PROBLEM {case.step} {case.kind} {case.name}: {case.problem}"
        for case in proof.cases
        if not case.good
    ]
    return shown("\n".join(lines))


def costs(proofs: Sequence[LessonProof], most: int = 10) -> str:
    """The dearest steps, slowest first: seconds of a seed, cases, the median and slowest case."""
    spent: dict[tuple[str, str], list[CaseResult]] = {}
    seeds: dict[tuple[str, str], set[str]] = {}
    for proof in proofs:
        for case in proof.cases:
            if case.step:
                spent.setdefault((proof.lesson, case.step), []).append(case)
                seeds.setdefault((proof.lesson, case.step), set()).add(proof.seed)
    rows = []
    for key, cases in spent.items():
        total = sum(case.seconds for case in cases) / len(seeds[key])
        slowest = max(cases, key=lambda case: case.seconds)
        median = statistics.median(case.seconds for case in cases)
        rows.append((total, "/".join(key), len(cases) // len(seeds[key]), median, slowest))
    rows.sort(key=lambda row: row[:2], reverse=True)
    lines = [f"  {'dearest steps':<42} {'s a seed':>8} {'cases':>5} {'median':>6}  slowest case"]
    lines += [
        f"  {name:<42} {total:8.1f} {count:5} {median:6.2f}  {slow.seconds:.1f} {slow.name}"
        for total, name, count, median, slow in rows[:most]
    ]
    return shown("\n".join(lines))


def junit(proofs: Sequence[LessonProof]) -> bytes:
    """JUnit XML: a suite a lesson and seed, a test case a case."""
    root = ElementTree.Element("testsuites", name="infralab prove")
    for proof in proofs:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"{proof.lesson}[{proof.seed}]",
            tests=str(len(proof.cases)),
            failures=str(sum(not case.good for case in proof.cases)),
            time=f"{proof.seconds:.3f}",
        )
        for case in proof.cases:
            _junit_case(suite, proof, case)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _junit_case(suite: ElementTree.Element, proof: LessonProof, case: CaseResult) -> None:
    element = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"{proof.lesson}.{case.step}" if case.step else proof.lesson,
        name=f"{case.kind}: {case.name}",
        time=f"{case.seconds:.3f}",
    )
    if not case.good:
        ElementTree.SubElement(element, "failure", message=shown(case.problem))
