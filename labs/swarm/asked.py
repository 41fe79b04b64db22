"""What several steps ask of a service."""

from __future__ import annotations

from lab_engine.authoring import (
    HttpProbe,
    NodeContainersProbe,
    See,
    SwarmMember,
    SwarmProbe,
    SwarmServiceReading,
    place,
    require,
)
from labs.swarm.values import Values


def on(machine: str, command: str) -> str:
    """A command for the engine of a machine."""
    return f"docker exec {machine} docker {command}"


async def require_answer(see: See, v: Values, service: SwarmServiceReading, sign: str) -> None:
    """Asked for by its name from one of its own tasks, the service says `sign` at port 80.

    Reasons: `silent`, `other-page`.
    """
    tasks = {task.container for task in service.running}
    asking = 0
    for machine in v.machines:
        within = await see(NodeContainersProbe(machine))
        asking = asking or next((one.pid for one in within.containers if one.id in tasks), 0)
    page = await see(HttpProbe(f"http://{v.shop}/", place=place.process(asking)))
    look = on(v.first, f"service ps {v.shop}")
    require(
        page.ok,
        "silent",
        expected=f"Asked for by its name, {v.shop} answers at port 80.",
        observed=page.problem or f"It answers with {page.status}.",
        look=look,
    )
    require(
        page.body.strip() == sign,
        "other-page",
        expected=f"Its page says {sign!r}.",
        observed=f"It says {page.body.strip()[:60]!r}.",
        look=look,
    )


async def member(see: See, v: Values, name: str) -> SwarmMember:
    """A machine as the first manager knows it. Reasons: `no-manager`, `gone`."""
    told = await see(SwarmProbe(v.first))
    require(
        told.manager and not told.trouble,
        "no-manager",
        expected=f"{v.first} is a manager of the swarm.",
        observed=told.trouble or f"Its engine says: {told.state or 'nothing'}.",
        look=on(v.first, "node ls"),
    )
    found = told.member(name)
    require(
        found is not None,
        "gone",
        expected=f"{name} is in the swarm.",
        observed="The manager knows of none.",
        look=on(v.first, "node ls"),
    )
    assert found is not None
    return found
