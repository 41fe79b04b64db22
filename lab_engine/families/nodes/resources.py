"""What a step can ask for: machines that are containers."""

from __future__ import annotations

import ipaddress
import re
from typing import ClassVar, Final

from lab_engine.common import quantities
from lab_engine.common.resource import Need, Resource, Stage
from lab_engine.families.docker.resources import Image

LEAST_MEMORY: Final = 160 << 20
"""Bytes below which an engine has no room for a container beside itself."""


class Node(Resource, frozen=True, kw_only=True, tag="node"):
    """A machine of its own: a container of the bench's engine in which another engine runs.

    Needs `docker` among the step's daemons. It has its own disks, network, processes and images;
    its programs are those of the bench. `docker exec -it NAME bash` is a shell in it, and
    `place.container(NAME)` is where probes of the network look from. Several on one network see
    each other by name.

    Args:
        network: a `DockerNetwork` of the step.
        address: its IPv4 address there.
        images: what its engine has, as names of the bench's images.
        memory: the most that it may use, such as `512m`; empty for no limit of its own.
        joins: the node whose Swarm it is a worker of; its own name to begin one, as its manager.

    Example::

        Node("north", network="rack", address="172.31.0.11", images=("busybox",))
    """

    network: str
    address: str
    images: tuple[str, ...] = ()
    memory: str = ""
    joins: str = ""

    # It is a host's name, too (RFC 1123).
    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])\Z")

    def validate(self) -> None:
        try:
            ipaddress.IPv4Address(self.address)
        except ValueError as error:
            raise self.wrong("address", f"{self.address!r} is no IPv4 address") from error
        for index, image in enumerate(self.images):
            if not Image.name_pattern.match(image):
                raise self.wrong(f"images[{index}]", f"{image!r} is no image reference")
        if self.joins and not self.name_pattern.match(self.joins):
            raise self.wrong("joins", f"{self.joins!r} is no name of a node")
        if self.memory:
            try:
                size = quantities.size(self.memory)
            except ValueError as error:
                raise self.wrong("memory", str(error)) from error
            if size < LEAST_MEMORY:
                raise self.wrong(
                    "memory", f"{self.memory!r} is less than 160m, an engine's own need"
                )

    def needs(self) -> tuple[Need, ...]:
        wanted = [Need(f"docker-network/{self.network}")]
        if self.joins not in ("", self.name):
            wanted.append(Need(f"node/{self.joins}", "answers"))
        return tuple(wanted)

    def final_stage(self) -> Stage:
        return "answers"
