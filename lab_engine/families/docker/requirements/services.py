"""Statements about what Swarm keeps running (client side)."""

from __future__ import annotations

from lab_engine.common.evidence import See, require
from lab_engine.families.docker.probes.container import (
    DockerContainerProbe,
    DockerContainerReading,
)
from lab_engine.families.docker.probes.engine import DockerImageProbe
from lab_engine.families.docker.probes.services import DockerServiceProbe


async def require_replicas(
    see: See, name: str, count: int, *, image: str
) -> tuple[DockerContainerReading, ...]:
    """A service of Swarm wants this many tasks, and they run, each of this image.

        await require_replicas(see, "shop", 3, image="shop:1")

    Swarm's own word counts, not a container's labels. Two round trips. Returns the containers.

    Reasons: `no-service`, `other-number` (wanted), `not-running`, `other-image`.

    Args:
        see: the check's way to ask.
        name: the service, by its whole name.
        count: how many.
        image: a reference or an id, told by id.
    """
    service, wanted = await see(DockerServiceProbe(name), DockerImageProbe(image))
    look = f"docker service ps {name} || docker info -f '{{{{.Swarm.LocalNodeState}}}}'"
    require(
        service.exists,
        "no-service",
        expected=f"Swarm has a service called {name}.",
        observed="It has none.",
        look=look,
    )
    require(
        service.replicas == count,
        "other-number",
        expected=f"The service {name} wants {count}.",
        observed=f"It wants {service.replicas}."
        if service.mode == "replicated"
        else f"It is of the mode {service.mode}.",
        look=look,
    )
    found = await see(*map(DockerContainerProbe, service.running)) if service.running else ()
    # One probe is answered by itself, several by a list.
    containers = (found,) if isinstance(found, DockerContainerReading) else tuple(found)
    running = [one for one in containers if one.running]
    require(
        len(running) == count,
        "not-running",
        expected=f"{count} containers of the service {name} run.",
        observed=f"It is {len(running)}.",
        look=look,
    )
    require(
        wanted.exists and all(one.image_id == wanted.id for one in running),
        "other-image",
        expected=f"They are made of {image}.",
        observed=f"They are made of {service.image}.",
        look=f"docker service ps --no-trunc {name}; docker images --no-trunc",
    )
    return containers
