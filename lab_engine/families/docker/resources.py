"""What the bench's own Docker engine can make: images, containers, networks, volumes."""

from __future__ import annotations

import ipaddress
import re
from typing import ClassVar, Final

import msgspec

from lab_engine.common import quantities
from lab_engine.common.resource import Need, Resource, Stage

NETWORK_DRIVERS: Final = ("bridge", "macvlan", "ipvlan", "overlay")
MOUNT_TYPES: Final = ("volume", "bind", "tmpfs")
PROTOCOLS: Final = ("tcp", "udp", "sctp")
STATES: Final = ("running", "exited", "created")
BUILT_IN_NETWORKS: Final = ("bridge", "host", "none")
MIN_MEMORY: Final = 6 << 20
"""The least memory limit that the engine accepts, in bytes."""

_RESTART = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")
_KEY = re.compile(r"[a-z-]+/\S+\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# The engine wants two characters at least (RestrictedNamePattern of its daemon/names).
_OBJECT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,62}\Z")


class Image(Resource, frozen=True, kw_only=True, tag="image"):
    """An image in the inner engine, from the archives that the bench carries; nothing is pulled.

    `name` is a reference as the source writes it, such as `busybox` or `shop:1.0`. `archive` is
    the name of the archive when it is not the repository's own.

    Example::

        Image("busybox")
    """

    archive: str = ""

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(
        r"[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?\Z"
    )

    @property
    def reference(self) -> str:
        """The name with its tag: `busybox` is `busybox:latest`."""
        return with_tag(self.name)

    @property
    def source(self) -> str:
        """The archive's name without folder and suffix."""
        return self.archive or self.name.partition(":")[0].rpartition("/")[2]


def with_tag(reference: str) -> str:
    """An image reference with its tag, `latest` when none is written."""
    # A colon before the last slash is that of a registry's port.
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A container's place on a network. `address` fixes its IPv4 address there."""

    network: str
    address: str = ""
    aliases: tuple[str, ...] = ()


class ContainerMount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Storage that shows up at `target` inside a container.

    `source` is a volume's name (type volume) or a path in the bench (type bind). `size` limits a
    tmpfs. `mode` is a tmpfs's permissions, such as 0o1777.
    """

    target: str
    source: str = ""
    type: str = "volume"
    read_only: bool = False
    size: str = ""
    mode: int = 0


class Port(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A container's port, published on the bench. `host` 0 lets the engine choose."""

    container: int
    host: int = 0
    protocol: str = "tcp"
    address: str = ""


class Health(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the engine finds out whether a container does its work. Times are in seconds."""

    command: tuple[str, ...]
    interval: float = 1.0
    timeout: float = 3.0
    retries: int = 3
    start_period: float = 0.0


class Container(Resource, frozen=True, kw_only=True, tag="container"):
    """A container of the inner engine.

    A container is on `networks` (user-defined ones, or the built-in `bridge`), or has a
    `network_mode`: `bridge` (the default), `none`, `host` or `container:NAME`.

    Args:
        image: the name of an Image of the same step.
        command, entrypoint: as argument lists; empty means the image's own.
        memory: the limit, such as `64m`; empty for none.
        cpus: how many CPUs' time it may use; 0 for all.
        pids: how many processes and threads it may have; 0 for any number.
        restart: `no`, `always`, `unless-stopped` or `on-failure[:N]`.
        state: what it is left in: `running`; `exited` after its command; or only `created`.
        stdin, tty: keep the standard input open; give it a terminal (`docker run -i`, `-t`).
        stop_seconds: how long `docker stop` waits before it kills.
        after: keys of further resources that it uses, such as `directory/site`.

    Example::

        Container(
            "web",
            image="busybox",
            command=("httpd", "-f", "-p", "80"),
            networks=(Attachment("lan", address="10.20.0.10", aliases=("www",)),),
            mounts=(ContainerMount("/srv", source="site", read_only=True),),
            ports=(Port(80, host=8080),),
            memory="64m",
            health=Health(("wget", "-qO", "/dev/null", "http://127.0.0.1/")),
        )
    """

    image: str
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    networks: tuple[Attachment, ...] = ()
    network_mode: str = "bridge"
    mounts: tuple[ContainerMount, ...] = ()
    memory: str = ""
    cpus: float = 0.0
    pids: int = 0
    ports: tuple[Port, ...] = ()
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    health: Health | None = None
    restart: str = "no"
    read_only: bool = False
    working_dir: str = ""
    hostname: str = ""
    user: str = ""
    stdin: bool = False
    tty: bool = False
    state: str = "running"
    stop_seconds: int = 2
    after: tuple[str, ...] = ()

    name_pattern: ClassVar[re.Pattern[str]] = _OBJECT_NAME

    @property
    def shares_with(self) -> str:
        """The container whose network namespace it uses, or empty."""
        return self.network_mode.partition("container:")[2]

    def needs(self) -> tuple[Need, ...]:
        wanted = [Need(f"image/{self.image}")]
        wanted += [
            Need(f"docker-network/{attachment.network}")
            for attachment in self.networks
            if attachment.network not in BUILT_IN_NETWORKS
        ]
        wanted += [
            Need(f"docker-volume/{mount.source}")
            for mount in self.mounts
            if mount.type == "volume" and mount.source
        ]
        if self.shares_with:
            wanted.append(Need(f"container/{self.shares_with}", "running"))
        wanted += [Need(key) for key in self.after]
        return tuple(dict.fromkeys(wanted))

    def final_stage(self) -> Stage:
        return "answers" if self.health and self.state == "running" else "running"

    def validate(self) -> None:
        if not Image.name_pattern.match(self.image):
            raise self.wrong("image", f"{self.image!r} is no image reference")
        self._validate_networks()
        for index, mount in enumerate(self.mounts):
            self._validate_mount(f"mounts[{index}]", mount)
        self._validate_limits()
        self._validate_ports()
        for name in self.environment:
            if not _VARIABLE.fullmatch(name):
                raise self.wrong("environment", f"{name!r} is no name of a variable")
        if self.health is not None:
            self._validate_health(self.health)
        if not _RESTART.fullmatch(self.restart):
            raise self.wrong(
                "restart", f"{self.restart!r} is not no, always, unless-stopped or on-failure[:N]"
            )
        if self.state not in STATES:
            raise self.wrong("state", f"{self.state!r} is not one of {', '.join(STATES)}")
        if self.working_dir and not self.working_dir.startswith("/"):
            raise self.wrong("working_dir", f"{self.working_dir!r} is not an absolute path")
        for index, key in enumerate(self.after):
            if not _KEY.match(key):
                raise self.wrong(f"after[{index}]", f"{key!r} is not a resource's key")
        if self.stop_seconds < 0:
            raise self.wrong("stop_seconds", "a time cannot be negative")

    def _validate_networks(self) -> None:
        mode, sharing, other = self.network_mode.partition(":")
        if sharing and (mode != "container" or not _OBJECT_NAME.match(other)):
            raise self.wrong("network_mode", f"{self.network_mode!r} is not container:NAME")
        if not sharing and mode not in BUILT_IN_NETWORKS:
            raise self.wrong(
                "network_mode",
                f"{mode!r} is not bridge, none, host or container:NAME",
                hint="A network of your own goes into `networks`.",
            )
        if other == self.name:
            raise self.wrong("network_mode", "a container cannot share with itself")
        if self.networks and self.network_mode != "bridge":
            raise self.wrong("networks", f"cannot go together with network_mode {mode!r}")
        seen: set[str] = set()
        for index, attachment in enumerate(self.networks):
            field = f"networks[{index}]"
            if attachment.network in seen:
                raise self.wrong(f"{field}.network", f"{attachment.network!r} is there twice")
            seen.add(attachment.network)
            if attachment.network in ("host", "none"):
                raise self.wrong(f"{field}.network", "write it as network_mode")
            if attachment.network == "bridge" and (attachment.address or attachment.aliases):
                raise self.wrong(
                    f"{field}.network", "the default bridge takes no fixed address and no aliases"
                )
            if attachment.address and not _is_address(attachment.address):
                raise self.wrong(f"{field}.address", f"{attachment.address!r} is no IPv4 address")

    def _validate_mount(self, field: str, mount: ContainerMount) -> None:
        if mount.type not in MOUNT_TYPES:
            raise self.wrong(f"{field}.type", f"{mount.type!r} is not volume, bind or tmpfs")
        if not mount.target.startswith("/"):
            raise self.wrong(f"{field}.target", f"{mount.target!r} is not an absolute path")
        if mount.type == "bind" and not mount.source.startswith("/"):
            raise self.wrong(f"{field}.source", f"{mount.source!r} is not an absolute path")
        if mount.type == "tmpfs" and mount.source:
            raise self.wrong(f"{field}.source", "a tmpfs has no source")
        if mount.type == "volume" and mount.source and not _OBJECT_NAME.match(mount.source):
            raise self.wrong(f"{field}.source", f"{mount.source!r} is no name of a volume")
        if mount.type != "tmpfs" and (mount.size or mount.mode):
            raise self.wrong(f"{field}.size", "only a tmpfs has a size and a mode here")
        if mount.size:
            self._size(f"{field}.size", mount.size)

    def _validate_limits(self) -> None:
        if self.memory and self._size("memory", self.memory) < MIN_MEMORY:
            raise self.wrong("memory", f"{self.memory!r} is less than the engine's least, 6m")
        if self.cpus < 0:
            raise self.wrong("cpus", "a number of CPUs, or 0 for all")
        if self.pids < 0:
            raise self.wrong("pids", "a number of processes, or 0 for any")

    def _validate_ports(self) -> None:
        if self.ports and (self.network_mode != "bridge"):
            raise self.wrong("ports", f"network_mode {self.network_mode!r} publishes no ports")
        taken: set[tuple[str, int]] = set()
        for index, port in enumerate(self.ports):
            field = f"ports[{index}]"
            if not 1 <= port.container <= 65535:
                raise self.wrong(f"{field}.container", f"{port.container} is not 1 to 65535")
            if not 0 <= port.host <= 65535:
                raise self.wrong(f"{field}.host", f"{port.host} is not 0 to 65535")
            if port.protocol not in PROTOCOLS:
                raise self.wrong(f"{field}.protocol", f"{port.protocol!r} is not tcp, udp or sctp")
            if port.address and not _is_address(port.address):
                raise self.wrong(f"{field}.address", f"{port.address!r} is no IPv4 address")
            if port.host and (port.protocol, port.host) in taken:
                raise self.wrong(f"{field}.host", f"{port.host} is published twice")
            taken.add((port.protocol, port.host))

    def _validate_health(self, health: Health) -> None:
        if not health.command:
            raise self.wrong("health.command", "is empty")
        for name in ("interval", "timeout"):
            # The engine takes no shorter time (Engine API, Healthcheck).
            if getattr(health, name) < 0.001:
                raise self.wrong(f"health.{name}", "is less than a millisecond")
        if health.retries < 1:
            raise self.wrong("health.retries", "is less than 1")

    def _size(self, field: str, text: str) -> int:
        try:
            return quantities.size(text)
        except ValueError as error:
            raise self.wrong(field, str(error)) from error


class DockerNetwork(Resource, frozen=True, kw_only=True, tag="docker-network"):
    """A user-defined network. Without `subnet` the engine chooses one.

    Args:
        driver: `bridge`, `macvlan`, `ipvlan` or `overlay`.
        internal: no way out of the network, not even through the bench.
        options: the driver's own, such as `com.docker.network.bridge.name`.

    Example::

        DockerNetwork("lan", subnet="10.20.0.0/24", gateway="10.20.0.1")
    """

    driver: str = "bridge"
    subnet: str = ""
    gateway: str = ""
    internal: bool = False
    attachable: bool = False
    options: dict[str, str] = msgspec.field(default_factory=dict)

    name_pattern: ClassVar[re.Pattern[str]] = _OBJECT_NAME

    def validate(self) -> None:
        if self.name in BUILT_IN_NETWORKS:
            raise self.wrong("name", f"{self.name!r} is the engine's own network")
        if self.driver not in NETWORK_DRIVERS:
            raise self.wrong(
                "driver", f"{self.driver!r} is not one of {', '.join(NETWORK_DRIVERS)}"
            )
        if not self.subnet:
            if self.gateway:
                raise self.wrong("gateway", "needs a subnet")
            return
        try:
            subnet = ipaddress.IPv4Network(self.subnet)
        except ValueError as error:
            raise self.wrong(
                "subnet",
                f"{self.subnet!r} is no IPv4 subnet ({error})",
                hint="Write it as 10.20.0.0/24.",
            ) from error
        if subnet.prefixlen > 30:
            raise self.wrong("subnet", f"{self.subnet} has no room for a gateway and a container")
        if self.gateway:
            if not _is_address(self.gateway):
                raise self.wrong("gateway", f"{self.gateway!r} is no IPv4 address")
            if ipaddress.IPv4Address(self.gateway) not in subnet:
                raise self.wrong("gateway", f"{self.gateway} is outside {self.subnet}")


class DockerVolume(Resource, frozen=True, kw_only=True, tag="docker-volume"):
    """A named volume.

    Args:
        driver: `local`, or the name of a volume plugin.
        options: the driver's own, such as `type`, `device` and `o`.
        files: what is in it at the start, by relative path (only without options).

    Example::

        DockerVolume("site", files={"index.html": "hello"})
    """

    driver: str = "local"
    options: dict[str, str] = msgspec.field(default_factory=dict)
    files: dict[str, str] = msgspec.field(default_factory=dict)

    name_pattern: ClassVar[re.Pattern[str]] = _OBJECT_NAME

    def validate(self) -> None:
        if not _OBJECT_NAME.match(self.driver):
            raise self.wrong("driver", f"{self.driver!r} is no name of a volume driver")
        if self.files and (self.driver != "local" or self.options):
            raise self.wrong("files", "only a plain local volume can be filled beforehand")
        for path in self.files:
            if not path or path.startswith("/") or ".." in path.split("/"):
                raise self.wrong("files", f"{path!r} is not a path within the volume")


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
