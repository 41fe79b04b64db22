"""A proof for people, for programs and for CI."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from lab_engine.course.lesson import Lesson
from lab_engine.proof.result import CaseResult, LessonProof
from lab_engine.shown import shown


def table(proof: LessonProof, lesson: Lesson) -> str:
    """One line a check: near misses killed, seconds; then each case that went wrong."""
    kept = ", proven before and unchanged" if proof.kept else ""
    lines = [f"{proof.lesson}  seed {proof.seed}  {proof.seconds:.1f} s{kept}"]
    lines.append(f"  {'step':<22} {'check':<24} {'rejected':>9}")
    for step in lesson.lab.steps.values():
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
