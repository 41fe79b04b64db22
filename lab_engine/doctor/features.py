"""Features of the kernel that steps of the course ask for, and where they are to be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from lab_engine.common.features import titles
from lab_engine.doctor.engine import Engine
from lab_engine.doctor.machine import Finding, Machine, State, me
from lab_engine.errors import InfralabError

if TYPE_CHECKING:
    from lab_engine.course.lesson import Step

NAME: Final = "Kernel of its own"


def steps() -> Sequence[Step]:
    """Those of the course that ask for features; none where the course cannot be read yet."""
    try:
        from lab_engine.course.lesson import load_course
    except ImportError:
        # doctor also runs on a bare Python, before anything is installed.
        return ()
    try:
        return load_course().asking_the_kernel
    except InfralabError:
        # Every verb that opens a lesson says so.
        return ()


def features(machine: Machine, engine: Engine, asking: Sequence[Step]) -> list[Finding]:
    """Whether the kernel under the benches has what these steps ask for; they can be taken anyway.

    The kernel is asked where it is, which may be another computer; nothing where no step asks.
    """
    if not asking or not engine.reached:
        return []
    try:
        kernel = machine.under_benches()
    except InfralabError as error:
        return [Finding(NAME, State.UNKNOWN, error.message, mend=error.hint)]
    if kernel is None:
        return []
    lacking: dict[str, None] = {}
    left: list[str] = []
    for step in asking:
        lacks = kernel.lacks(step.needs_kernel)
        lacking.update(dict.fromkeys(lacks))
        left += [f"{step.lesson} / {step.name}"] if lacks else []
    if not lacking:
        return [Finding(NAME, State.OK, f"{kernel.release}: has what steps of the course ask for")]
    there = "which is the machine's, and older than this version" if kernel.own else "under benches"
    return [
        Finding(
            NAME,
            State.LIMITED,
            f"{kernel.release}, {there}: no use of {titles(tuple(lacking))}",
            f"Steps that ask for that: {', '.join(left)}.",
            me(machine, "machine create")
            + "  (then `machine start`, and INFRALAB_ENGINE=machine for these steps)"
            if not kernel.own
            else me(machine, "machine stop") + "  (then `machine create` and `machine start`)",
        )
    ]
