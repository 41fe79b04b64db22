"""Doctor: for each thing that the kit needs, whether it is there and what mends it.

`examine` asks the machine. Each finding is a small function of what was seen, in `engine`,
`kernel`, `kvm` and `here`. The course can be taken when no finding is `missing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lab_engine.doctor import engine as docker
from lab_engine.doctor import features as asked
from lab_engine.doctor import here, kernel, kvm, vm
from lab_engine.doctor import packs as big
from lab_engine.doctor.machine import Finding, Machine, State
from lab_engine.errors import BenchError

__all__ = [
    "Finding",
    "Machine",
    "State",
    "before_building",
    "examine",
    "lacking",
    "ready",
    "refuse_early",
]


def examine(machine: Machine | None = None) -> list[Finding]:
    """Look at everything, the most needed first."""
    machine = machine or Machine()
    engine = docker.ask(machine)
    return [
        docker.client(machine, engine),
        docker.reach(machine, engine),
        docker.version(machine, engine),
        docker.mode(machine, engine),
        docker.rights(machine, engine),
        vm.vm(machine, engine),
        here.configuration(machine),
        here.image(machine, engine),
        docker.disk(machine, engine),
        docker.memory(machine, engine),
        kvm.kvm(machine, engine),
        kernel.cgroups(machine, engine),
        *kernel.features(machine, engine),
        *asked.features(machine, engine, asked.steps()),
        kernel.user_namespaces(machine, engine),
        kernel.apparmor(machine, engine),
        *big.packs(machine, engine),
        here.terminal(machine),
        here.tmux(machine),
    ]


def refuse_early(machine: Machine | None = None) -> None:
    """Say what stands against a bench before anything is built for it.

    Raises BenchError in doctor's words when the engine cannot have one.
    """
    machine = machine or Machine()
    engine = docker.ask(machine)
    for look in (docker.client, docker.reach, docker.version, docker.mode, docker.rights):
        finding = look(machine, engine)
        if finding.state is State.MISSING:
            raise BenchError(f"{finding.name}: {finding.found}", hint=finding.mend)


def lacking(packs: Iterable[str], machine: Machine | None = None) -> list[Finding]:
    """What this machine lacks for packs that are to be built.

    Raises BenchError in doctor's words when it is something that a build would be in vain for.
    """
    from lab_engine.course import pack

    machine = machine or Machine()
    engine = docker.ask(machine)
    known = pack.recipes()
    findings = big.lacking(machine, engine, [known[name] for name in packs if name in known])
    for finding in findings:
        if finding.state is State.MISSING:
            raise BenchError(f"{finding.name} {finding.found}", hint=finding.mend)
    return findings


def before_building(told: Callable[[str], None]) -> Callable[[str], None]:
    """A listener to the building of an image that refuses as `refuse_early` before the first word.

    Where the image is there nothing is told, so this costs nothing.
    """
    asked = False

    def listen(words: str) -> None:
        nonlocal asked
        if not asked:
            asked = True
            refuse_early()
        told(words)

    return listen


def ready(findings: Iterable[Finding]) -> bool:
    """Whether the course can be taken."""
    return all(finding.state is not State.MISSING for finding in findings)
