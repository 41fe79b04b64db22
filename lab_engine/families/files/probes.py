"""Questions about files, mounts and limits in the bench.

A `pid` asks from where that process stands: its mounts and its root folder (proc(5)). 0 is the
bench itself. Sizes are bytes, times nanoseconds or seconds since 1970 as each field says. Event
topics: `file`, `mount`, `process`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading, Sees

CONTENT_LIMIT = 64 * 1024
HASH_LIMIT = 64 * 1024 * 1024
ENTRY_LIMIT = 1000
KERNEL_FOLDERS = ("/proc/", "/sys/")


def _sees(path: str, pid: int) -> Sees:
    """A file of the bench itself is what somebody wrote.

    What a process sees is an effect: of a mount, of a namespace, of a container's layers. What is
    in /proc and /sys is the kernel.
    """
    return "real" if pid or path.startswith(KERNEL_FOLDERS) else "parsed"


class FileReading(Reading, frozen=True):
    """A path.

    `kind` is file, directory, link, socket, fifo, block, char; that of what a link points to when
    links are followed, and then `link` says where to; `loop` for links that lead in a circle.
    `mode` holds the permission bits, `owner` is `user:group` by the names of the bench. `content`
    is the text of a regular file up to
    CONTENT_LIMIT, with bytes that are no UTF-8 replaced; `whole` says whether that is all.
    `sha256` is empty above HASH_LIMIT.
    """

    exists: bool = True
    kind: str = ""
    size: int = 0
    mode: int = 0
    owner: str = ""
    uid: int = 0
    gid: int = 0
    modified_ns: int = 0
    inode: int = 0
    device: str = ""
    link: str = ""
    content: str = ""
    whole: bool = True
    sha256: str = ""


class FileProbe(Probe[FileReading], frozen=True, tag="file"):
    """A file. Without `follow`, a symbolic link is described itself.

    Example::

        FileProbe("/home/learner/work/motd")
        reading.kind == "file" and reading.mode == 0o600
    """

    path: str
    pid: int = 0
    follow: bool = True

    reading: ClassVar[type[msgspec.Struct]] = FileReading

    @property
    def sees(self) -> Sees:
        return _sees(self.path, self.pid)

    def topics(self) -> frozenset[str]:
        return frozenset({"file", "mount"})


class DirectoryReading(Reading, frozen=True):
    """`entries` maps names to kinds, in order of names; at most ENTRY_LIMIT of `total`."""

    exists: bool = True
    entries: dict[str, str] = msgspec.field(default_factory=dict)
    total: int = 0


class DirectoryProbe(Probe[DirectoryReading], frozen=True, tag="directory"):
    """What is in a folder. A path that is no folder does not exist, as far as this goes.

    Example::

        DirectoryProbe("/srv/site")
        reading.entries.get("index.html") == "file"
    """

    path: str
    pid: int = 0

    reading: ClassVar[type[msgspec.Struct]] = DirectoryReading

    @property
    def sees(self) -> Sees:
        return _sees(f"{self.path}/", self.pid)

    def topics(self) -> frozenset[str]:
        return frozenset({"file", "mount"})


class MountReading(Reading, frozen=True):
    """A mount (proc_pid_mountinfo(5)).

    `root` is the part of the filesystem that is shown: longer than `/` for most bind mounts.
    `options` are the mount's own, `super_options` the filesystem's. `layers` counts the mounts at
    this place. `propagation` is like `shared:3`, and empty for a private mount. `made_as` is the
    kind of filesystem by the superblock on its device, and `made_size` its size in bytes: ext2 that
    is mounted as ext4 was made as ext2. Empty and 0 for what is on no device of the bench's own.
    """

    exists: bool = True
    target: str = ""
    fstype: str = ""
    source: str = ""
    root: str = ""
    options: tuple[str, ...] = ()
    super_options: tuple[str, ...] = ()
    propagation: tuple[str, ...] = ()
    device: str = ""
    layers: int = 0
    made_as: str = ""
    made_size: int = 0

    @property
    def read_only(self) -> bool:
        return "ro" in self.options or "ro" in self.super_options


class MountProbe(Probe[MountReading], frozen=True, tag="mount"):
    """The topmost mount at exactly `target`, as process `pid` sees it.

    Example::

        MountProbe("/mnt/site")
        reading.exists and reading.read_only
    """

    target: str
    pid: int = 0

    reading: ClassVar[type[msgspec.Struct]] = MountReading

    def topics(self) -> frozenset[str]:
        return frozenset({"mount", "process"})


class MountsReading(Reading, frozen=True):
    """`exists` is false when there is no such process."""

    exists: bool = True
    mounts: tuple[MountReading, ...] = ()

    def at(self, target: str) -> MountReading:
        found = (mount for mount in reversed(self.mounts) if mount.target == target)
        return next(found, MountReading(exists=False))


class MountsProbe(Probe[MountsReading], frozen=True, tag="mounts"):
    """All mounts at or below `under`, as process `pid` sees them, in the order they were made.

    Example::

        MountsProbe(under="/mnt")
        reading.at("/mnt/cache").fstype == "tmpfs"
    """

    under: str = "/"
    pid: int = 0

    reading: ClassVar[type[msgspec.Struct]] = MountsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"mount", "process"})


class CgroupReading(Reading, frozen=True):
    """Limits, the same for cgroup v1 and v2; None is "no limit".

    `memory`, `memory_used` and `swap` (how much may be swapped out) are bytes, `cpus` a number of
    CPUs' time, `cpu_weight` is on the scale of v2 (1 to 10000, normal is 100). `paths` maps a
    controller (v1) or `unified` (v2) to its folder. `throttled` counts how often the CPU limit
    held something back, `oom_kills` how often the memory limit ended a process, `refused` how often
    the limit of processes let none be started. `inodes` maps the same names as `paths` to the
    folders' inode numbers: a group that was made anew has another one, and counts from 0.
    """

    drifts: ClassVar[frozenset[str]] = frozenset({"memory_used", "pids_used", "throttled"})

    exists: bool = True
    version: int = 0
    paths: dict[str, str] = msgspec.field(default_factory=dict)
    inodes: dict[str, int] = msgspec.field(default_factory=dict)
    memory: int | None = None
    memory_used: int = 0
    swap: int | None = None
    cpus: float | None = None
    cpu_weight: int = 100
    cpuset: str = ""
    pids: int | None = None
    pids_used: int = 0
    frozen: bool = False
    throttled: int = 0
    oom_kills: int = 0
    refused: int = 0


class CgroupProbe(Probe[CgroupReading], frozen=True, tag="cgroup"):
    """The control group of a process, or the one called `path` (`/lab` in every v1 hierarchy).

    Example::

        CgroupProbe(path="/lab")
        reading.memory == 64 << 20 and reading.cpus == 0.5
    """

    pid: int = 0
    path: str = ""

    reading: ClassVar[type[msgspec.Struct]] = CgroupReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process", "docker:container"})


class DiskUsageReading(Reading, frozen=True):
    """The filesystem that a path lies on (statvfs(3)); `free` is what ordinary users may use."""

    drifts: ClassVar[frozenset[str]] = frozenset({"used", "free", "inodes_free"})

    exists: bool = True
    total: int = 0
    used: int = 0
    free: int = 0
    inodes: int = 0
    inodes_free: int = 0


class DiskUsageProbe(Probe[DiskUsageReading], frozen=True, tag="disk-usage"):
    """How full the filesystem of a path is, as in `df`.

    Example::

        DiskUsageProbe("/mnt/cache")
        reading.total == 64 << 20
    """

    path: str
    pid: int = 0

    reading: ClassVar[type[msgspec.Struct]] = DiskUsageReading

    def topics(self) -> frozenset[str]:
        return frozenset({"file", "mount"})
