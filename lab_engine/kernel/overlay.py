"""A stack of layers, looked through as the kernel's overlay does (agent side).

The rules (Documentation/filesystems/overlayfs.rst): the topmost layer that has a name wins; a
character device 0:0 hides the name in all layers below, and so does a folder with the attribute
`trusted.overlay.opaque`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.common import digest, ordinary
from lab_engine.common.layered import CONTENT_LIMIT, LayeredFile
from lab_engine.kernel.mountinfo import MountEntry

HASH_LIMIT: Final = 64 << 20
NOTHING: Final = LayeredFile(exists=False)
_OPAQUE: Final = "trusted.overlay.opaque"
_LINKS: Final = 40
"""As many links as the kernel follows in one path (path_resolution(7))."""
_NAMES: Final = 2000
"""So many names of one layer are compared with what the mount shows."""
_ODD: Final = 5


class Stack(msgspec.Struct, frozen=True):
    """The folders of an overlay, as whoever mounted it wrote them; `lower` is topmost first."""

    lower: tuple[str, ...] = ()
    upper: str = ""
    work: str = ""

    @property
    def folders(self) -> tuple[str, ...]:
        """What is looked through, topmost first."""
        return tuple(filter(None, (self.upper, *self.lower)))


def stack(entry: MountEntry) -> Stack:
    """What a mount of type `overlay` was made of, by the options that the kernel keeps.

    >>> from lab_engine.kernel.mountinfo import parse
    >>> line = "9 1 0:9 / /m rw - overlay o rw,lowerdir=/b:/a,upperdir=/u,workdir=/w"
    >>> stack(parse(line)[0])
    Stack(lower=('/b', '/a'), upper='/u', work='/w')
    """
    lower: list[str] = []
    said = {}
    for option in entry.super_options:
        name, _, value = option.partition("=")
        # With fsconfig(2) each layer may come in an option of its own (Linux 6.8).
        if name in ("lowerdir", "lowerdir+"):
            lower += [one for one in value.split(":") if one]
        else:
            said[name] = value
    return Stack(tuple(lower), said.get("upperdir", ""), said.get("workdir", ""))


def odd(target: str, layers: Sequence[str]) -> tuple[str, ...]:
    """Names at which a mount does not show what these layers, topmost first, hold; a few of them.

    None for the layers that it was made of, unless they were moved or changed from below, or
    something is mounted over a part of it. Of a file the kernel shows size, mode and times as they
    are in its layer, among them the time of its last change, which nobody can set.
    """
    found = []
    names = {name for folder in (target, *layers) for name in _names(folder)}
    for name in sorted(names):
        real = _topmost(layers, name.split("/"))
        with suppress(OSError):
            if _identity(Path(target, name)) != (None if real is None else _identity(real)):
                found.append(name)
        if len(found) == _ODD:
            break
    return tuple(found)


def _names(folder: str) -> Iterator[str]:
    """The paths below a folder, relative to it."""
    seen = 0
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            seen += 1
            if seen > _NAMES:
                return
            yield os.path.relpath(os.path.join(where, name), folder)  # noqa: PTH118 -- a name, no Path


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        about = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(about.st_mode):
        # A folder is merged: it has the times of one of them.
        return (stat.S_IFMT(about.st_mode),)
    if stat.S_ISCHR(about.st_mode) and about.st_rdev == 0:
        return None
    return (about.st_mode, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def whiteout(layer: str, path: str) -> bool:
    """Whether a layer holds the mark that hides a path in those below it."""
    with suppress(OSError):
        about = Path(layer + path).lstat()
        return stat.S_ISCHR(about.st_mode) and about.st_rdev == 0
    return False


def look(layers: Sequence[str], path: str) -> LayeredFile:
    """What the layers, topmost first, show at an absolute path; links in its folders followed."""
    try:
        found = _real(layers, path)
    except OSError:
        return NOTHING
    return NOTHING if found is None else _described(found)


def origin(layers: Sequence[str], path: str) -> tuple[LayeredFile, int]:
    """What the layers show at a path, and from which of them, counted from the lowest.

    -1 when they show nothing there.
    """
    try:
        found = _real(layers, path)
    except OSError:
        found = None
    if found is None:
        return NOTHING, -1
    place = next(at for at, layer in enumerate(layers) if found.is_relative_to(layer))
    return _described(found), len(layers) - 1 - place


def _real(layers: Sequence[str], path: str) -> Path | None:
    """The file that is seen at a path, in the layer that it comes from. OSError for a circle."""
    left = [part for part in path.split("/") if part not in ("", ".")]
    walked: list[str] = []
    seen: Path | None = None
    links = 0
    while left:
        part = left.pop(0)
        if part == "..":
            walked = walked[:-1]
            continue
        seen = _topmost(layers, [*walked, part])
        if seen is None:
            return None
        if left and seen.is_symlink():
            links += 1
            if links > _LINKS:
                raise OSError(errno.ELOOP, "links in a circle", path)
            to = str(seen.readlink())
            left = [*(p for p in to.split("/") if p not in ("", ".")), *left]
            walked = [] if to.startswith("/") else walked
        else:
            walked.append(part)
    return seen


def _topmost(layers: Sequence[str], parts: Sequence[str]) -> Path | None:
    """The name in the topmost layer that has it. No part but the last is a link in any layer."""
    for layer in layers:
        here, opaque = Path(layer), False
        for place, part in enumerate(parts, 1):
            here = here / part
            try:
                about = here.lstat()
            except (FileNotFoundError, NotADirectoryError):
                break
            if stat.S_ISCHR(about.st_mode) and about.st_rdev == 0:
                return None
            if here.is_symlink() and place < len(parts):
                # A link in one layer where another has the folder: the folder is what is seen.
                break
            opaque = opaque or (stat.S_ISDIR(about.st_mode) and _is_opaque(here))
        else:
            return here
        if opaque:
            return None
    return None


def _is_opaque(folder: Path) -> bool:
    with suppress(OSError):
        return os.getxattr(folder, _OPAQUE) == b"y"
    return False


def _described(path: Path) -> LayeredFile:
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        return LayeredFile(kind="link", content=str(path.readlink()))
    if stat.S_ISDIR(about.st_mode):
        return LayeredFile(kind="directory")
    if not stat.S_ISREG(about.st_mode):
        return LayeredFile(kind="other")
    try:
        data = ordinary.read(path, CONTENT_LIMIT) if about.st_size <= CONTENT_LIMIT else None
        hashed = "" if about.st_size > HASH_LIMIT else _hash(path)
    except OSError:
        return NOTHING
    return LayeredFile(
        kind="file",
        size=about.st_size,
        content="" if data is None else data.decode(errors="replace"),
        whole=data is not None,
        sha256=hashed,
        changed_at=about.st_ctime,
    )


def _hash(path: Path) -> str:
    # A link may be put in its place between the look at it and this.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 -- pathlib knows no flags
        return digest.of_file(file)
