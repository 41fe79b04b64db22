"""What stands between a submission and this computer: a container, or a virtual machine's wall.

A bench is a container either way. `vm` means that its engine is that of `infralab machine`: who
breaks out of the bench is then in a system that is thrown away when the machine stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lab_engine.errors import BenchError, UsageError
from lab_engine.machine import accelerator, chosen, place
from lab_engine.machine.accelerator import Accelerator
from lab_engine.settings import Settings

Isolation = Literal["vm", "container"]
Asked = Literal["auto", "vm", "container"]
ASKED: Final[tuple[Asked, ...]] = ("auto", "vm", "container")
CREATE: Final = "`infralab machine create` makes one."


@dataclass(frozen=True, slots=True)
class Choice:
    """Which it is, and why, as a clause for a person."""

    isolation: Isolation
    why: str


def choose(
    asked: Asked,
    settings: Settings,
    env: Mapping[str, str],
    find: Callable[[], Accelerator] = accelerator.find,
) -> Choice:
    """Where a batch is to be graded.

    Args:
        asked: what the command line says.
        settings: the engine that they name, and where the machine is.
        env: as it was given to infralab, before an engine was named in it.
        find: tries KVM.

    Raises:
        BenchError: a machine is asked for, and there is none.
        UsageError: what is asked for contradicts the setting `engine`.
    """
    made = place.of(settings).docker.exists()
    if asked == "vm":
        if not made:
            raise BenchError("--isolation vm needs a machine, and there is none", hint=CREATE)
        return Choice("vm", "it was asked for")
    if asked == "container":
        if settings.engine == "machine":
            raise UsageError(
                "--isolation container contradicts the setting engine, which is 'machine'",
                hint="Leave one of them out; INFRALAB_ENGINE=docker is this computer's engine.",
            )
        return Choice("container", "it was asked for")
    if chosen.is_machine(settings, env):
        return Choice("vm", "the machine is in use")
    if settings.engine == "docker":
        return Choice("container", "the setting engine is 'docker'")
    if env.get("DOCKER_HOST"):
        return Choice("container", "DOCKER_HOST names another engine")
    if not made:
        return Choice("container", f"no virtual machine has been made; {CREATE[:-1]}")
    found = find()
    if found.emulated:
        return Choice(
            "container", f"a machine would be emulated: {found.reason}; --isolation vm asks for it"
        )
    return Choice("vm", "KVM works, and a machine has been made")


def current(settings: Settings, env: Mapping[str, str]) -> Isolation:
    """What the engine is that this process asks, by the address that it has."""
    return "vm" if env.get("DOCKER_HOST") == chosen.endpoint(settings) else "container"


def told(isolation: Isolation) -> str:
    return {"vm": "in a virtual machine", "container": "in a container"}[isolation]
