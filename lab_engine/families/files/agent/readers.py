"""Answers about files and mounts, straight from the kernel (agent side)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from lab_engine.common import digest
from lab_engine.common.probe import Probe
from lab_engine.errors import ProviderError
from lab_engine.families.files import probes as s
from lab_engine.families.files.agent.cgroups import read_cgroup
from lab_engine.families.files.agent.marks import owner_name
from lab_engine.kernel import mountinfo, superblock, syscalls

T = TypeVar("T")

KINDS: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "link"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISBLK, "block"),
    (stat.S_ISCHR, "char"),
)


def kind_of(mode: int) -> str:
    return next((word for test, word in KINDS if test(mode)), "other")


def _from(pid: int, call: Callable[[], T]) -> T:
    return syscalls.in_root_of(pid, call) if pid else call()


def _device(number: int) -> str:
    return f"{os.major(number)}:{os.minor(number)}"


def read_file(probe: s.FileProbe) -> s.FileReading:
    def look() -> tuple[os.stat_result, str, bytes, str]:
        path = Path(probe.path)
        link = str(path.readlink()) if path.is_symlink() else ""
        info = path.stat(follow_symlinks=probe.follow)
        content, digest = _read(path, info.st_size) if stat.S_ISREG(info.st_mode) else (b"", "")
        return info, link, content, digest

    try:
        info, link, content, hashed = _from(probe.pid, look)
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return s.FileReading(exists=False)
    except OSError as error:
        if error.errno == errno.ELOOP:
            # A link to itself is there, and leads nowhere: what a learner made, no fault of ours.
            return s.FileReading(kind="loop")
        raise ProviderError(f"{probe.path} cannot be read: {error.strerror}") from error
    # Names are looked up here and not in the other root: that could load a library found there.
    return s.FileReading(
        kind=kind_of(info.st_mode),
        size=info.st_size,
        mode=stat.S_IMODE(info.st_mode),
        owner=owner_name(info),
        uid=info.st_uid,
        gid=info.st_gid,
        modified_ns=info.st_mtime_ns,
        inode=info.st_ino,
        device=_device(info.st_dev),
        link=link,
        content=content.decode(errors="replace"),
        whole=info.st_size <= len(content),
        sha256=hashed,
    )


def _read(path: Path, size: int) -> tuple[bytes, str]:
    """The beginning of a file and the hash of all of it."""
    # Another may have put a pipe there meanwhile, and reading that would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        start = file.read(s.CONTENT_LIMIT)
        if size > s.HASH_LIMIT:
            return start, ""
        file.seek(0)
        return start, digest.of_file(file)


def read_directory(probe: s.DirectoryProbe) -> s.DirectoryReading:
    def look() -> s.DirectoryReading:
        with os.scandir(probe.path) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        kinds = {}
        for entry in entries[: s.ENTRY_LIMIT]:
            try:
                kinds[entry.name] = kind_of(entry.stat(follow_symlinks=False).st_mode)
            except FileNotFoundError:
                continue
        return s.DirectoryReading(entries=kinds, total=len(entries))

    try:
        return _from(probe.pid, look)
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return s.DirectoryReading(exists=False)
    except OSError as error:
        raise ProviderError(f"{probe.path} cannot be listed: {error.strerror}") from error


def _mounts(pid: int) -> list[mountinfo.MountEntry] | None:
    try:
        return mountinfo.mounts(pid)
    except OSError:
        return None


def _mount(entry: mountinfo.MountEntry, entries: list[mountinfo.MountEntry]) -> s.MountReading:
    return s.MountReading(
        target=entry.target,
        fstype=entry.fstype,
        source=entry.source,
        root=entry.root,
        options=entry.options,
        super_options=entry.super_options,
        propagation=entry.propagation,
        device=entry.device,
        layers=sum(other.target == entry.target for other in entries),
    )


def read_mount(probe: s.MountProbe) -> s.MountReading:
    entries = _mounts(probe.pid) or []
    entry = mountinfo.at(probe.target.rstrip("/") or "/", entries)
    if entry is None:
        return s.MountReading(exists=False)
    said = _superblock(entry)
    reading = _mount(entry, entries)
    return msgspec.structs.replace(reading, made_as=said.kind, made_size=said.size)


def _superblock(entry: mountinfo.MountEntry) -> superblock.Superblock:
    """What the device itself says; nothing when it cannot be read by the name that it was given."""
    try:
        handle = os.open(entry.source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return superblock.Superblock()
    try:
        # Not for granted: a proc or tmpfs has any word for its source, also that of a folder.
        about = os.fstat(handle)
        if not stat.S_ISBLK(about.st_mode) or _device(about.st_rdev) != entry.device:
            return superblock.Superblock()
        with open(handle, "rb", closefd=False) as file:
            return superblock.read(file.read(superblock.NEEDED))
    except OSError:
        return superblock.Superblock()
    finally:
        os.close(handle)


def read_mounts(probe: s.MountsProbe) -> s.MountsReading:
    entries = _mounts(probe.pid)
    if entries is None:
        return s.MountsReading(exists=False)
    under = probe.under.rstrip("/")
    wanted = [e for e in entries if e.target == under or e.target.startswith(under + "/")]
    return s.MountsReading(mounts=tuple(_mount(entry, entries) for entry in wanted))


def read_disk_usage(probe: s.DiskUsageProbe) -> s.DiskUsageReading:
    try:
        found = _from(probe.pid, lambda: os.statvfs(probe.path))
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return s.DiskUsageReading(exists=False)
    except OSError as error:
        raise ProviderError(f"{probe.path} cannot be read: {error.strerror}") from error
    return s.DiskUsageReading(
        total=found.f_blocks * found.f_frsize,
        used=(found.f_blocks - found.f_bfree) * found.f_frsize,
        # What is left for others than root (statvfs(3)).
        free=found.f_bavail * found.f_frsize,
        inodes=found.f_files,
        inodes_free=found.f_favail,
    )


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    s.FileProbe: read_file,
    s.DirectoryProbe: read_directory,
    s.MountProbe: read_mount,
    s.MountsProbe: read_mounts,
    s.CgroupProbe: read_cgroup,
    s.DiskUsageProbe: read_disk_usage,
}
