"""Questions about the engine's containers, from outside.

Readings follow the Engine API, version 1.45. Times are seconds since 1970, sizes bytes; 0 and ""
stand for "not set". Event topics: `docker:container`, `docker:network`, `docker:volume`,
`docker:image`, and `docker:exec` for a command that ended in a container.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading

CONTAINER_TOPICS = frozenset({"docker:container", "docker:network"})


class Endpoint(msgspec.Struct, frozen=True):
    """A container's place on one network. `prefix` is the length of the subnet's mask."""

    address: str = ""
    prefix: int = 0
    gateway: str = ""
    mac: str = ""
    aliases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """The names that the network's DNS answers for it."""


class MountPoint(msgspec.Struct, frozen=True):
    """`name` is a volume's name; `source` the path in the bench that lies behind it."""

    type: str
    destination: str
    name: str = ""
    source: str = ""
    driver: str = ""
    read_only: bool = False


class Limits(msgspec.Struct, frozen=True):
    """A container's limits; 0 is none."""

    memory: int = 0
    cpus: float = 0.0
    pids: int = 0


class PublishedPort(msgspec.Struct, frozen=True):
    container: int
    host: int
    protocol: str = "tcp"
    address: str = ""


class DockerContainerReading(Reading, frozen=True):
    """One container.

    `state` is created, running, paused, restarting, exited or dead. `network_mode` is bridge,
    none, host, a network's name, or container; in the last case `shares_with` is the name of the
    container whose network it uses. `links` are the network interfaces that its processes see.
    `on_host` are the namespaces (net, pid, uts, ...) that it shares with the bench, and `joined`
    maps those that it was made to share with another container to that one's id.
    """

    exists: bool = True
    id: str = ""
    name: str = ""
    image: str = ""
    image_id: str = ""
    command: tuple[str, ...] = ()
    state: str = ""
    health: str = ""
    exit_code: int = 0
    oom_killed: bool = False
    restarts: int = 0
    restart_policy: str = "no"
    pid: int = 0
    created_at: float = 0.0
    started_at: float = 0.0
    finished_at: float = 0.0
    network_mode: str = ""
    shares_with: str = ""
    networks: dict[str, Endpoint] = msgspec.field(default_factory=dict)
    links: tuple[str, ...] = ()
    namespaces: dict[str, str] = msgspec.field(default_factory=dict)
    on_host: tuple[str, ...] = ()
    joined: dict[str, str] = msgspec.field(default_factory=dict)
    mounts: tuple[MountPoint, ...] = ()
    limits: Limits = Limits()
    ports: tuple[PublishedPort, ...] = ()
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    hostname: str = ""
    user: str = ""
    read_only: bool = False
    privileged: bool = False

    @property
    def running(self) -> bool:
        return self.state == "running"

    def mount_at(self, destination: str) -> MountPoint | None:
        """What is mounted at a path, trailing slash or not."""
        wanted = destination.rstrip("/")
        return next((m for m in self.mounts if m.destination.rstrip("/") == wanted), None)


class DockerContainerProbe(Probe[DockerContainerReading], frozen=True, tag="docker-container"):
    """A container, by name or id.

    Example::

        DockerContainerProbe("web")
        reading.running and reading.networks["lan"].address == "10.20.0.10"
    """

    container: str

    reading: ClassVar[type[msgspec.Struct]] = DockerContainerReading

    def topics(self) -> frozenset[str]:
        return CONTAINER_TOPICS


class ContainerSummary(msgspec.Struct, frozen=True):
    """A container in a list. `networks` maps a network's name to the container's address there."""

    id: str
    name: str
    image: str
    state: str
    networks: dict[str, str]
    labels: dict[str, str]


class DockerContainersReading(Reading, frozen=True):
    containers: tuple[ContainerSummary, ...]

    def named(self, name: str) -> ContainerSummary | None:
        return next((c for c in self.containers if c.name == name), None)


class DockerContainersProbe(Probe[DockerContainersReading], frozen=True, tag="docker-containers"):
    """All containers, running or not.

    Example::

        DockerContainersProbe()
        "web" not in {one.name for one in reading.containers}
    """

    reading: ClassVar[type[msgspec.Struct]] = DockerContainersReading

    def topics(self) -> frozenset[str]:
        return CONTAINER_TOPICS
