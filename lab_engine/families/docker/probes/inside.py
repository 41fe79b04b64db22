"""Questions about what goes on inside a container, and what its layers hold."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.layered import LayeredFile
from lab_engine.common.probe import Probe, Reading

INSIDE_TOPICS = frozenset({"docker:container", "docker:network", "docker:exec"})


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


class ContainerLogReading(Reading, frozen=True):
    """What a container's processes wrote, as the engine kept it, oldest first."""

    exists: bool = True
    out: tuple[str, ...] = ()
    err: tuple[str, ...] = ()


class ContainerLogProbe(Probe[ContainerLogReading], frozen=True, tag="container-log"):
    """The last `lines` of a container's standard output and error together, all its lives.

    Example::

        ContainerLogProbe("web")
        "ready" in reading.out
    """

    container: str
    lines: int = 200

    reading: ClassVar[type[msgspec.Struct]] = ContainerLogReading

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


class ImagePath(msgspec.Struct, frozen=True):
    """A path as an image has it. `layer` is the place of the layer that it comes from.

    0 is the lowest layer; -1 stands for none, since the path is not there.
    """

    file: LayeredFile
    layer: int = -1


class DockerImagePathsReading(Reading, frozen=True):
    """`paths` by path."""

    exists: bool = True
    id: str = ""
    paths: dict[str, ImagePath] = msgspec.field(default_factory=dict)


class DockerImagePathsProbe(Probe[DockerImagePathsReading], frozen=True, tag="docker-image-paths"):
    """What an image holds at some absolute paths, and in which of its layers.

    Example::

        DockerImagePathsProbe("busybox", ("/bin/busybox",))
        reading.paths["/bin/busybox"].layer == 0
    """

    image: str
    paths: tuple[str, ...]

    reading: ClassVar[type[msgspec.Struct]] = DockerImagePathsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:image"})


class LayeredImagePath(msgspec.Struct, frozen=True):
    """A path in an image: `now` as a container of it begins with it, `layers` in each layer alone.

    `layers` are in the order of the image's folders, topmost first; a layer without the path, or
    with a mark that deletes it, has one that does not exist.
    """

    now: LayeredFile
    layers: tuple[LayeredFile, ...] = ()


class ImageLayersReading(Reading, frozen=True):
    """Where an image's layers lie in the bench, topmost first (driver overlay2)."""

    exists: bool = True
    id: str = ""
    folders: tuple[str, ...] = ()
    paths: dict[str, LayeredImagePath] = msgspec.field(default_factory=dict)


class ImageLayersProbe(Probe[ImageLayersReading], frozen=True, tag="image-layers"):
    """An image's layers, by its name or id, and what they hold at some absolute paths.

    Example::

        ImageLayersProbe("shop", ("/etc/key",))
        len(reading.folders) == 3 and not reading.paths["/etc/key"].now.exists
    """

    image: str
    paths: tuple[str, ...] = ()

    reading: ClassVar[type[msgspec.Struct]] = ImageLayersReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:image"})
