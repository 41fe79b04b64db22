"""What each task of a service says: an answer to the service's name may be that of any of them."""

from __future__ import annotations

from pathlib import PurePosixPath

from lab_engine.authoring import (
    HttpProbe,
    NodeContainersProbe,
    See,
    SwarmServiceReading,
    place,
    require,
)
from labs.swarm.asked import on, require_answer
from labs.swarm.values import Values


async def require_served(see: See, v: Values, service: SwarmServiceReading, sign: str) -> None:
    """Its name leads to all of its tasks, and each of them says `sign` at port 80.

    Reasons: `one-address`, `only-sleeps`, `silent`, `other-page`.
    """
    wish = on(v.first, f"service inspect --pretty {v.shop}")
    require(
        service.endpoint == "dnsrr",
        "one-address",
        expected=f"The name {v.shop} leads to the addresses of its tasks.",
        observed="It leads to one address of the service's own.",
        look=wish,
    )
    require(
        PurePosixPath(service.command[0] if service.command else "").name != "sleep",
        "only-sleeps",
        expected=f"The command of {v.shop} serves its page.",
        observed=f"It is: {' '.join(service.command)}",
        look=wish,
    )
    tasks = {task.container: task.node for task in service.running}
    within = [await see(NodeContainersProbe(machine)) for machine in v.machines]
    found = [one for reading in within for one in reading.containers if one.id in tasks]
    for one in found:
        # By its name: a server at 127.0.0.1 alone is none. From itself: the other machines hear of
        # a new task's name some seconds later, on a busy one many.
        page = await see(HttpProbe(f"http://{one.name}/", place=place.process(one.pid)))
        node = tasks[one.id]
        look = on(node, "ps")
        require(
            page.ok,
            "silent",
            expected=f"Each task of {v.shop} answers at port 80.",
            observed=f"{one.name} on {node} does not: {page.problem or page.status}.",
            look=look,
        )
        require(
            page.body.strip() == sign,
            "other-page",
            expected=f"Each task of {v.shop} says {sign!r}.",
            observed=f"{one.name} on {node} says {page.body.strip()[:60]!r}.",
            look=look,
        )
    await require_answer(see, v, service, sign)
