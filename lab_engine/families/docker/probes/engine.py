"""Questions about the engine's networks, volumes and images, about itself and what it told."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.happening import HappeningsReading
from lab_engine.common.probe import Probe, Reading
from lab_engine.families.docker.probes.container import CONTAINER_TOPICS


class DockerNetworkReading(Reading, frozen=True):
    """One network.

    `containers` maps the names of the running containers on it to their addresses. `bridge` is the
    name of the network's interface in the bench (driver bridge).
    """

    exists: bool = True
    id: str = ""
    name: str = ""
    driver: str = ""
    scope: str = ""
    subnets: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    internal: bool = False
    attachable: bool = False
    options: dict[str, str] = msgspec.field(default_factory=dict)
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    containers: dict[str, str] = msgspec.field(default_factory=dict)
    bridge: str = ""
    created_at: float = 0.0


class DockerNetworkProbe(Probe[DockerNetworkReading], frozen=True, tag="docker-network"):
    """A network of the engine, by name or id.

    Example::

        DockerNetworkProbe("lan")
        reading.subnets == ("10.20.0.0/24",) and "web" in reading.containers
    """

    network: str

    reading: ClassVar[type[msgspec.Struct]] = DockerNetworkReading

    def topics(self) -> frozenset[str]:
        return CONTAINER_TOPICS


class DockerNetworksReading(Reading, frozen=True):
    """All networks, without the containers on them."""

    networks: tuple[DockerNetworkReading, ...]

    def named(self, name: str) -> DockerNetworkReading | None:
        return next((n for n in self.networks if n.name == name), None)


class DockerNetworksProbe(Probe[DockerNetworksReading], frozen=True, tag="docker-networks"):
    """All networks of the engine, its three built-in ones included.

    Example::

        DockerNetworksProbe()
        reading.named("lan") is not None
    """

    reading: ClassVar[type[msgspec.Struct]] = DockerNetworksReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:network"})


class DockerVolumeReading(Reading, frozen=True):
    """One volume. `used_by` are the names of the containers that have it, running or not."""

    exists: bool = True
    name: str = ""
    driver: str = ""
    mountpoint: str = ""
    options: dict[str, str] = msgspec.field(default_factory=dict)
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    created_at: float = 0.0
    used_by: tuple[str, ...] = ()


class DockerVolumeProbe(Probe[DockerVolumeReading], frozen=True, tag="docker-volume"):
    """A volume, by name.

    Example::

        DockerVolumeProbe("site")
        reading.exists and "web" in reading.used_by
    """

    volume: str

    reading: ClassVar[type[msgspec.Struct]] = DockerVolumeReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:volume", "docker:container"})


class DockerVolumesReading(Reading, frozen=True):
    names: tuple[str, ...]


class DockerVolumesProbe(Probe[DockerVolumesReading], frozen=True, tag="docker-volumes"):
    """All volumes, those without a name of their own included.

    Example::

        DockerVolumesProbe()
        "site" in reading.names
    """

    reading: ClassVar[type[msgspec.Struct]] = DockerVolumesReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:volume"})


class DockerImageReading(Reading, frozen=True):
    """One image. `size` is in bytes; `layers` are the digests of its layers, lowest first.

    `user` is whom its containers run as, empty for root.
    """

    exists: bool = True
    id: str = ""
    tags: tuple[str, ...] = ()
    size: int = 0
    created_at: float = 0.0
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    layers: tuple[str, ...] = ()
    user: str = ""


class DockerImageProbe(Probe[DockerImageReading], frozen=True, tag="docker-image"):
    """An image, by reference or id.

    Example::

        DockerImageProbe("busybox:latest")
        reading.exists and "PATH" in reading.environment
    """

    image: str

    reading: ClassVar[type[msgspec.Struct]] = DockerImageReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:image"})


class DockerInfoReading(Reading, frozen=True):
    """The engine itself."""

    version: str
    storage_driver: str
    cgroup_version: int
    cgroup_driver: str
    root: str


class DockerInfoProbe(Probe[DockerInfoReading], frozen=True, tag="docker-info"):
    """The engine itself: version, storage driver, control groups.

    Example::

        DockerInfoProbe()
        reading.storage_driver == "overlay2"
    """

    reading: ClassVar[type[msgspec.Struct]] = DockerInfoReading


class DockerEventsProbe(Probe[HappeningsReading], frozen=True, tag="docker-events"):
    """What the engine told since it was started, as in `docker events`.

    `subject` is a name or an id; with a name, what happened to it under other names counts too.
    `kind` is container, volume, network or image. Commands that run in a container are
    `exec_create`, `exec_start` and `exec_die`; those of probes are left out.

    Example::

        DockerEventsProbe("web")
        any(one.action == "die" for one in reading.happenings)
    """

    subject: str = ""
    kind: str = "container"

    reading: ClassVar[type[msgspec.Struct]] = HappeningsReading

    def topics(self) -> frozenset[str]:
        return frozenset({f"docker:{self.kind}"})
