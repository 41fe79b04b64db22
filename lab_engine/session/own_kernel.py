"""Steps that need features of the kernel: is the one under the bench enough, and if not, what is?

A bench has its engine's kernel and may load nothing into it. What is lacking is never mended
unasked: the learner is told what it is, and the commands for a machine with a kernel of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from lab_engine import settings as settings_module
from lab_engine.bench import features
from lab_engine.bench.features import Kernel, Presence
from lab_engine.common.features import titles
from lab_engine.course.lesson import Lesson
from lab_engine.errors import KernelLacks
from lab_engine.machine import life, place
from lab_engine.machine.life import State

_CREATE, _START, _STOP = (f"infralab machine {verb}" for verb in ("create", "start", "stop"))


def needed(lesson: Lesson, name: str) -> tuple[str, ...]:
    """The features that a step asks for, with those of the steps that it goes on from."""
    found: dict[str, None] = {}
    left = name
    while left:
        step = lesson.step(left)
        found.update(dict.fromkeys(step.needs_kernel))
        left = (step.lab_step.continues if step.lab_step else None) or ""
    return tuple(found)


def refuse(lesson: Lesson, name: str) -> None:
    """Stop before a step that would not work here. Blocks for half a second if it asks at all.

    Raises:
        KernelLacks: the kernel of the engine in use lacks something; says what to type.
        BenchError: the engine could not be asked.
    """
    name = lesson.step(name).name
    wanted = needed(lesson, name)
    if not wanted:
        return
    kernel = features.look()
    lacking = kernel.lacks(wanted)
    if lacking:
        raise KernelLacks(
            f"step {name} needs {titles(tuple(lacking))}, and {told(kernel, lacking)}",
            hint=way(kernel, lacking, f"infralab up {lesson.slug} {name} --new"),
        )


def told(kernel: Kernel, lacking: Mapping[str, Presence]) -> str:
    """What is lacking, as the second half of a sentence."""
    where = "the machine's kernel" if kernel.own else "the kernel that benches have here"
    said = []
    for how, words in (
        (Presence.ABSENT, f"{where} ({kernel.release}) has no {{}}"),
        (Presence.READY, f"{where} ({kernel.release}) has not loaded {{}}, and a bench may not"),
        (Presence.WHOLE, "a bench may not use {} of a kernel that it shares with a computer"),
    ):
        names = [name for name, found in lacking.items() if found is how]
        if names:
            said.append(words.format(" and ".join(names)))
    return "; ".join(said)


def way(kernel: Kernel, lacking: Mapping[str, Presence], then: str) -> str:
    """The commands with which the step can be taken, `then` as the last one."""
    if kernel.own:
        return (
            f"The machine is of an older version, or was changed. Boot the new one: `{_STOP}`, "
            f"`{_CREATE}`, `{_START}`."
        )
    state = life.status(place.of(settings_module.load())).state
    before = {
        State.ABSENT: (_CREATE, _START),
        State.STOPPED: (_START,),
        State.BEGINS: (_START,),
        State.RUNNING: (),
    }[state]
    commands = ", ".join(f"`{one}`" for one in (*before, f"INFRALAB_ENGINE=machine {then}"))
    words = f"Take it in a virtual machine, which has a kernel of its own: {commands}."
    if set(lacking.values()) == {Presence.READY}:
        loads = " ".join(lacking)
        words += (
            f" Or have whoever looks after the engine's computer load what is lacking: "
            f"`sudo modprobe --all {loads}`."
        )
    return words
