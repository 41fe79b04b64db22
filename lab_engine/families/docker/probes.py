"""Questions about the Docker engine inside the bench, and about what goes on in its containers.

Readings follow the Engine API, version 1.45. Times are seconds since 1970, sizes bytes; 0 and ""
stand for "not set". Event topics: `docker:container`, `docker:network`, `docker:volume`,
`docker:image`, and `docker:exec` for a command that ended in a container.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.happening import HappeningsReading
from lab_engine.common.probe import Probe, Reading

CONTAINER_TOPICS = frozenset({"docker:container", "docker:network"})
INSIDE_TOPICS = frozenset({"docker:container", "docker:network", "docker:exec"})
CONTENT_LIMIT = 64 * 1024


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
    """One image. `size` is in bytes; `layers` are the digests of its layers, lowest first."""

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


class ContainerCommandReading(Reading, frozen=True):
    """What a command in a container did.

    `ran` is false when there is no such container, it is not running, or it has no such program;
    `exit_code` is then -1, as it is when the time was up. The output is cut at the probe's limit.
    """

    ran: bool = True
    exit_code: int = -1
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.ran and self.exit_code == 0


class ContainerCommandProbe(Probe[ContainerCommandReading], frozen=True, tag="container-command"):
    """Runs a command in a running container, for effects: can it ping, fetch, read?

    It must change nothing. `seconds` is its time limit, `limit` how many bytes are kept of each
    output stream. No shell is involved.

    Example::

        ContainerCommandProbe("web", ("ping", "-c", "1", "-W", "1", "db"))
        reading.ok
    """

    container: str
    argv: tuple[str, ...]
    seconds: float = 4.0
    limit: int = 65536
    user: str = ""

    reading: ClassVar[type[msgspec.Struct]] = ContainerCommandReading

    def topics(self) -> frozenset[str]:
        return INSIDE_TOPICS


class ContainerFileReading(Reading, frozen=True):
    """A path as a container sees it, through its mounts.

    `kind` is file, directory, link or other. `text` is a file's content up to the probe's limit,
    with bytes that are not UTF-8 replaced; `entries` are a directory's names, sorted. `changed_at`
    is the change time of its inode, which nobody can set; 0 in a container that does not run.
    """

    exists: bool = True
    kind: str = "file"
    text: str = ""
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    modified_at: float = 0.0
    changed_at: float = 0.0
    entries: tuple[str, ...] = ()


class ContainerFileProbe(Probe[ContainerFileReading], frozen=True, tag="container-file"):
    """A file or directory in a container, running or stopped. Symbolic links are followed.

    Example::

        ContainerFileProbe("web", "/srv/index.html")
        reading.kind == "file" and reading.text == "hello"
    """

    container: str
    path: str
    limit: int = 65536

    reading: ClassVar[type[msgspec.Struct]] = ContainerFileReading

    def topics(self) -> frozenset[str]:
        return INSIDE_TOPICS


class ContainerLayersReading(Reading, frozen=True):
    """How a container's root is put together.

    `writable` is the folder of its own layer and `lower` those of the image, topmost first (driver
    overlay2; empty with others). `changes` maps paths to `changed`, `added` or `deleted`, as
    `docker diff` lists them.
    """

    exists: bool = True
    driver: str = ""
    writable: str = ""
    lower: tuple[str, ...] = ()
    changes: dict[str, str] = msgspec.field(default_factory=dict)


class ContainerLayersProbe(Probe[ContainerLayersReading], frozen=True, tag="container-layers"):
    """The layers of a container, by name or id.

    Example::

        ContainerLayersProbe("web")
        reading.changes.get("/etc/motd") == "added"
    """

    container: str

    reading: ClassVar[type[msgspec.Struct]] = ContainerLayersReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:container", "docker:exec"})


class LayeredFile(msgspec.Struct, frozen=True):
    """A path in layers. `kind` is file, directory, link (`content` is where to) or other.

    `content` is a file's text up to CONTENT_LIMIT, and empty when it is longer, which `whole` says.
    `changed_at` is the change time of its inode, which nobody can set (inode(7), ctime).
    """

    exists: bool = True
    kind: str = ""
    size: int = 0
    content: str = ""
    whole: bool = True
    sha256: str = ""
    changed_at: float = 0.0


class LayeredPath(msgspec.Struct, frozen=True):
    """A path as the container has it by its layers, and as its image has it.

    `own` says that the container's own layer holds it, or its deletion. `covered` is the path of
    the mount that hides it in the container; empty for none.
    """

    now: LayeredFile
    image: LayeredFile
    own: bool = False
    covered: str = ""


class ContainerPathsReading(Reading, frozen=True):
    """`paths` by path. `changes`, when asked for, are as those of ContainerLayersReading."""

    exists: bool = True
    id: str = ""
    name: str = ""
    paths: dict[str, LayeredPath] = msgspec.field(default_factory=dict)
    changes: dict[str, str] = msgspec.field(default_factory=dict)


class ContainerPathsProbe(Probe[ContainerPathsReading], frozen=True, tag="container-paths"):
    """What a container's layers hold at some absolute paths, whether it runs or not.

    With `changes` the engine compares the whole layer as well, which takes it longer than the rest.

    Example::

        ContainerPathsProbe("web", ("/etc/motd",))
        reading.paths["/etc/motd"].now.content != reading.paths["/etc/motd"].image.content
    """

    container: str
    paths: tuple[str, ...]
    changes: bool = False

    reading: ClassVar[type[msgspec.Struct]] = ContainerPathsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:container", "docker:exec"})


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
