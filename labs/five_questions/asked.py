"""What several steps ask of a machine, and say to it."""

from __future__ import annotations

from lab_engine.authoring import (
    NodeContainer,
    NodeContainersProbe,
    NodeContainersReading,
    See,
    require,
)
from labs.five_questions.values import IMAGE


def on(machine: str, command: str) -> str:
    """A command for the engine of a machine."""
    return f"docker exec {machine} docker {command}"


def serve(sign: str, port: int = 80) -> str:
    return f"sh -c 'echo {sign} > /tmp/index.html; exec httpd -f -p {port} -h /tmp'"


async def inside(see: See, machine: str) -> NodeContainersReading:
    """What a machine's engine has. Reason: `machine-off`."""
    found = await see(NodeContainersProbe(machine))
    require(
        found.exists,
        "machine-off",
        expected=f"The machine {machine} runs, and its engine answers.",
        observed="It does not answer.",
        look=f"docker ps -a; docker start {machine}",
    )
    return found


def named(found: NodeContainersReading, name: str) -> NodeContainer | None:
    return next((one for one in found.containers if one.name == name), None)


async def require_on(see: See, machine: str, other: str, name: str) -> NodeContainer:
    """A machine's engine runs this container, made of busybox.

    Reasons: `machine-off`, `other-machine`, `absent`, `not-running`, `other-image`.
    """
    here, there = await inside(see, machine), await inside(see, other)
    one, elsewhere = named(here, name), named(there, name)
    look = f"{on(machine, 'ps -a')}; {on(other, 'ps -a')}"
    require(
        one is not None or elsewhere is None,
        "other-machine",
        expected=f"{name} is on {machine}.",
        observed=f"It is on {other}.",
        look=look,
    )
    require(
        one is not None,
        "absent",
        expected=f"{machine} has a container {name}.",
        observed="Neither of the machines has one.",
        look=look,
    )
    assert one is not None
    require(
        one.state == "running",
        "not-running",
        expected=f"{name} runs.",
        observed=f"It is {one.state}.",
        look=look,
    )
    require(
        one.image.partition(":")[0] == IMAGE,
        "other-image",
        expected=f"{name} is made of {IMAGE}.",
        observed=f"It was made of another image, {one.image}.",
        look=look,
    )
    return one
