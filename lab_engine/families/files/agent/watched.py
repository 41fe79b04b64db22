"""The watched folders: what is in them, a copy of it, and the way back (agent side).

A snapshot is one file that lists every path with its kind, mode, owner, time, marks and content;
contents lie beside it in `blobs/`, named by their hash, so that a second snapshot costs only what
changed.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common import digest, replacing
from lab_engine.common.paths import SYSTEM, WATCHED
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks
from lab_engine.kernel import mountinfo, protection, trees

SMALL: Final = 1 << 20
"""Up to this size a file is known by its content, above it by size and time."""
KEPT: Final = 256 << 20
"""Larger files are listed, but no copy is kept of them."""
CHUNK: Final = 1 << 20
ATTRIBUTES: Final = "trusted.infralab"
KEPT_ATTRIBUTES: Final = (ATTRIBUTES, "user.", "security.capability", "system.posix_acl_")
"""What a file may bear besides its mode (xattr(7), acl(5)), by how the names begin."""
NOT_WATCHED: Final = frozenset(
    {
        # Watched by itself.
        "/home/learner",
        "/etc/libvirt/qemu",
        "/etc/libvirt/storage",
        "/etc/libvirt/nwfilter",
        "/etc/libvirt/secrets",
        "/etc/lvm",
        "/etc/openvswitch",
        "/etc/ld.so.cache",
        "/etc/machine-id",
        "/root/.kube",
    }
)
"""What daemons and tools write by themselves; what libvirt keeps there is in its own inventory."""
ENGINES: Final = frozenset({"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"})
"""Files that the outer engine mounts, one by one, and that can be written all the same."""
FRESH_NS: Final = 100_000_000
"""A file that was changed so short a time ago may change again within one tick of the clock."""

TRACES: Final = frozenset(
    {
        ".bash_history",
        ".cache",
        ".config",
        ".docker",
        ".kube",
        ".lesshst",
        ".local",
        ".python_history",
        ".sudo_as_admin_successful",
        ".viminfo",
    }
)
"""What tools leave in a home folder by themselves; nobody's work."""
# Never on a machine that is no bench, such as one that runs the tests of this module. The watched
# ones come last: the walk begins there, and it has a limit.
ROOTS: Final = (*SYSTEM, *WATCHED) if Path("/usr/lib/infralab/entrypoint").exists() else WATCHED
HOME: Final = "/home/learner"
WORK: Final = f"{HOME}/work"


class Entry(msgspec.Struct, frozen=True):
    """One path. `on` is the mount in memory that it lies on, or empty; `protected` as there.

    A place where something is mounted has the kind `mountpoint`, and nothing else is known of it.
    """

    kind: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    modified_ns: int = 0
    content: str = ""
    link: str = ""
    device: int = 0
    marks: dict[str, bytes] = msgspec.field(default_factory=dict)
    on: str = ""
    protected: int = 0

    def fingerprint(self) -> str:
        """Changes when the entry does. A file made anew with the same text is the same."""
        about = f"{self.kind} {self.mode:04o} {self.uid}:{self.gid}"
        if self.kind == "file":
            about += f" {self.content or f'{self.size} {self.modified_ns}'}"
        elif self.kind == "link":
            about += f" {self.link}"
        elif self.kind == "device":
            about += f" {self.device}"
        about += f" protected {self.protected}" if self.protected else ""
        return about + "".join(f" {name}={text!r}" for name, text in sorted(self.marks.items()))


def _marks(path: str) -> dict[str, bytes]:
    try:
        names = os.listxattr(path, follow_symlinks=False)
        return {
            name: os.getxattr(path, name, follow_symlinks=False)
            for name in names
            if name.startswith(KEPT_ATTRIBUTES)
        }
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENODATA):
            return {}
        raise


def _hash(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return digest.of_file(file)


_seen: dict[str, tuple[tuple[object, ...], Entry]] = {}
"""What was there at the last look, with the time of its last change, which nobody can set back."""


def _entry(path: str, on: str) -> Entry:
    """What is at the path now; read again only when it was changed."""
    info = os.lstat(path)
    key = (info.st_dev, info.st_ino, info.st_ctime_ns, on)
    known, entry = _seen.get(path, ((), None))
    if entry is None or known != key:
        entry = _read(path, info, on)
        if len(_seen) > trees.ENTRY_LIMIT:
            _seen.clear()
        if time.time_ns() - info.st_ctime_ns > FRESH_NS:
            _seen[path] = (key, entry)
    return entry


def _read(path: str, info: os.stat_result, on: str) -> Entry:
    kind = "special"
    content = link = ""
    device = 0
    if stat.S_ISREG(info.st_mode):
        kind = "file"
        content = _hash(path) if info.st_size <= SMALL else ""
    elif stat.S_ISDIR(info.st_mode):
        kind = "directory"
    elif stat.S_ISLNK(info.st_mode):
        kind, link = "link", str(Path(path).readlink())
    elif stat.S_ISBLK(info.st_mode) or stat.S_ISCHR(info.st_mode):
        kind, device = "device", info.st_rdev
    return Entry(
        kind,
        info.st_mode if kind in ("device", "special") else stat.S_IMODE(info.st_mode),
        info.st_uid,
        info.st_gid,
        info.st_size if kind == "file" else 0,
        info.st_mtime_ns,
        content,
        link,
        device,
        _marks(path),
        on,
        protection.of(path),
    )


def _memory_mounts() -> list[str]:
    """The mounts in memory at and below the watched folders, inner ones first."""
    enter, _ = trees.crossable(mountinfo.mounts())
    inside = {t for t in enter if any(t == r or t.startswith(r + "/") for r in ROOTS)}
    return sorted(inside, key=len, reverse=True)


def entries() -> Iterator[tuple[str, Entry]]:
    """Every watched path, folders before what is in them."""
    memory = _memory_mounts()
    _, points = trees.crossable(mountinfo.mounts())
    roots = [root for root in ROOTS if Path(root).is_dir()]
    for path in (*roots, *(found.path for found in trees.walk(ROOTS, NOT_WATCHED))):
        if path.startswith(HOME + "/") and path[len(HOME) + 1 :].split("/", 1)[0] in TRACES:
            continue
        on = next((m for m in memory if path.startswith(m + "/")), "")
        try:
            closed = path in points and path not in ENGINES
            yield path, Entry("mountpoint", on=on) if closed else _entry(path, on)
        except (FileNotFoundError, NotADirectoryError):
            continue


def fingerprints() -> dict[str, str]:
    """`file/<path>` to fingerprint; nobody is blamed for what a program does to the system's."""
    return {
        f"file/{path}": f"system\n{entry.fingerprint()}"
        if not path.startswith(WATCHED)
        else entry.fingerprint()
        for path, entry in entries()
    }


def snapshot(to: Path) -> int:
    """Keep the watched folders as they are now in the file `to`. Returns how many paths."""
    blobs = to.parent / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Entry] = {}
    for path, entry in entries():
        if entry.kind == "file" and entry.size <= KEPT:
            try:
                entry = msgspec.structs.replace(entry, content=entry.content or _hash(path))
                _keep(path, blobs / entry.content)
            except FileNotFoundError:
                continue
        kept[path] = entry
    replacing.write(to, msgspec.msgpack.encode(kept))
    # After the new list is in its place: what it needs must stay.
    _forget(blobs)
    return len(kept)


def _keep(path: str, blob: Path) -> None:
    if blob.exists():
        return
    with replacing.file(blob) as fresh:
        shutil.copyfile(path, fresh, follow_symlinks=False)


def load(path: Path) -> dict[str, Entry]:
    """What a snapshot lists, by path."""
    return msgspec.msgpack.decode(path.read_bytes(), type=dict[str, Entry])


def _forget(blobs: Path) -> None:
    """Remove contents that no snapshot beside them needs any more."""
    needed = {e.content for file in blobs.parent.glob("*.files") for e in load(file).values()}
    for blob in blobs.iterdir():
        if blob.name not in needed:
            blob.unlink()


def restore(
    source: Path, spared: Callable[[str, dict[str, Entry]], bool] | None = None
) -> list[str]:
    """Bring the watched folders back to the snapshot in the file `source`.

    What is `spared` stays as it is: it is asked with a path and all that is there.
    Returns the paths that were made again, mended or removed. Raises ProviderError when a path
    cannot be brought back. What is mounted is left alone, and so is the place where it was.
    """
    try:
        wanted = load(source)
    except FileNotFoundError as error:
        raise ProviderError(
            f"there is no snapshot {source.name}", hint="Start the step again with `infralab up`."
        ) from error
    present = {entry.target for entry in mountinfo.mounts()}
    # A mount in memory that is gone is made again by its own resource, and its files with it.
    wanted = {path: entry for path, entry in wanted.items() if not entry.on or entry.on in present}
    now = dict(entries())
    mended = []
    # Nothing can be made or removed in a folder that somebody has protected (ioctl_iflags(2)).
    locked = [path for path, one in now.items() if one.kind == "directory" and one.protected]
    try:
        for path in locked:
            protection.put(path, 0)
        # What lies in a folder goes before the folder.
        for path in sorted(now.keys() - wanted.keys(), key=len, reverse=True):
            if now[path].kind != "mountpoint" and not (spared and spared(path, now)):
                marks.remove(path)
                mended.append(path)
        for path, entry in wanted.items():
            if entry.kind == "mountpoint" or (path in now and now[path].kind == "mountpoint"):
                continue
            if path in now and spared and spared(path, now):
                continue
            if path not in now or now[path].fingerprint() != comparable(entry).fingerprint():
                if path in now and now[path].protected:
                    protection.put(path, 0)
                _bring_back(path, entry, now.get(path), source.parent / "blobs")
                mended.append(path)
        _times({path: wanted[path] for path in mended if path in wanted})
        for path in mended:
            if path in wanted and wanted[path].protected:
                protection.put(path, wanted[path].protected)
        for path in locked:
            if path not in mended and Path(path).is_dir():
                protection.put(path, now[path].protected)
    except OSError as error:
        raise ProviderError(
            f"{error.filename or 'a file'} cannot be put back: {error.strerror}"
        ) from error
    return mended


def comparable(entry: Entry) -> Entry:
    """The entry as a look at the path would give it: large files are not known by content."""
    if entry.kind == "file" and entry.size > SMALL:
        return msgspec.structs.replace(entry, content="")
    return entry


def _bring_back(path: str, entry: Entry, now: Entry | None, blobs: Path) -> None:
    place = Path(path)
    if now is not None and now.kind != entry.kind:
        marks.remove(path)
        now = None
    if entry.kind == "directory":
        place.mkdir(exist_ok=True)
    elif entry.kind == "link":
        place.unlink(missing_ok=True)
        place.symlink_to(entry.link)
    elif entry.kind == "file":
        if not entry.content:
            raise ProviderError(
                f"{path} was changed, and no copy of a file that large is kept",
                hint="`infralab down` and `infralab up` give a fresh bench.",
            )
        # Written in place where it exists: it may be mounted in a container, by its inode.
        with (blobs / entry.content).open("rb") as kept, place.open("wb") as file:
            shutil.copyfileobj(kept, file, CHUNK)
    elif now is None:
        os.mknod(path, entry.mode, entry.device)
    # Before the mode: a change of owner clears set-user-ID (chown(2)).
    os.chown(path, entry.uid, entry.gid, follow_symlinks=False)
    # A link has no mode of its own (symlink(7)).
    if entry.kind != "link":
        place.chmod(stat.S_IMODE(entry.mode))
        for name in _marks(path).keys() - entry.marks.keys():
            os.removexattr(path, name, follow_symlinks=False)
        for name, text in entry.marks.items():
            os.setxattr(path, name, text, follow_symlinks=False)


def _times(mended: dict[str, Entry]) -> None:
    """Set the times last, and those of folders after what is in them."""
    for path, entry in sorted(mended.items(), reverse=True):
        os.utime(path, ns=(entry.modified_ns, entry.modified_ns), follow_symlinks=False)
