"""Doctor: for each thing that the kit needs, whether it is there and what mends it.

`examine` asks the machine. Each finding is a small function of what was seen, in `engine`,
`kernel`, `kvm` and `here`. The course can be taken when no finding is `missing`.
"""

from __future__ import annotations

from collections.abc import Iterable

from lab_engine.doctor import engine as docker
from lab_engine.doctor import here, kernel, kvm
from lab_engine.doctor.machine import Finding, Machine, State

__all__ = ["Finding", "Machine", "State", "examine", "ready"]


def examine(machine: Machine | None = None) -> list[Finding]:
    """Look at everything, the most needed first."""
    machine = machine or Machine()
    engine = docker.ask(machine)
    return [
        docker.client(machine, engine),
        docker.reach(machine, engine),
        docker.version(machine, engine),
        docker.mode(machine, engine),
        here.image(machine, engine),
        docker.disk(machine, engine),
        docker.memory(machine, engine),
        kvm.kvm(machine, engine),
        kernel.cgroups(machine, engine),
        *kernel.features(machine, engine),
        kernel.user_namespaces(machine, engine),
        kernel.apparmor(machine, engine),
        here.terminal(machine),
        here.tmux(machine),
    ]


def ready(findings: Iterable[Finding]) -> bool:
    """Whether the course can be taken."""
    return all(finding.state is not State.MISSING for finding in findings)
