"""Bind mounts.

A bind mount has no name of its own that could carry a mark: its "source" in mountinfo is that of
the filesystem below. But the folder that it shows is one inode with its source, so the mark is an
extended attribute of the source, one for each target: `trusted.infralab.at.<hash of target>`. It
is seen through the mount itself (`getfattr -m - -d TARGET`), needs no file of ours, ends with the
source, and is set before the mount is made and cleared after it is gone, so that a crash in
between leaves the mark to be found.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from lab_engine.common.paths import ALLOWED, path_problem
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import file, marks
from lab_engine.families.files.agent.mounted import MountedProvider
from lab_engine.families.files.agent.unmount import unmount
from lab_engine.families.files.resources import Mount
from lab_engine.families.provider import Owned
from lab_engine.kernel import mountinfo, syscalls, trees

PREFIX: Final = "trusted.infralab.at."


class _Bound(NamedTuple):
    """A mark on a source: whose it is and for which target."""

    source: str
    attribute: str
    text: str
    target: str


def _attribute(target: str) -> str:
    return PREFIX + hashlib.sha256(target.encode()).hexdigest()[:12]


def _read(path: str, attribute: str) -> _Bound | None:
    try:
        value = os.getxattr(path, attribute, follow_symlinks=False).decode(errors="replace")
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOENT, errno.ENOTDIR, errno.ENOTSUP, errno.EPERM):
            return None
        raise
    text, _, target = value.partition("\n")
    return _Bound(path, attribute, text, target)


def _bounds() -> Iterator[_Bound]:
    """The marks on everything that may be a source, and on what mounts show."""
    points = [entry.target for entry in mountinfo.mounts() if not path_problem(entry.target)]
    for path in (*ALLOWED, *(entry.path for entry in trees.walk(ALLOWED)), *points):
        try:
            names = os.listxattr(path, follow_symlinks=False)
        except OSError:
            continue
        for name in names:
            if name.startswith(PREFIX) and (bound := _read(path, name)):
                yield bound


class MountProvider(MountedProvider[Mount]):
    resource = Mount

    def ours(self, target: str, entry: mountinfo.MountEntry, text: str) -> bool:
        bound = _read(target, _attribute(target))
        return bound is not None and bound.text == text

    def facts(self, wanted: Mount) -> dict[str, str]:
        return {"source": wanted.source, "target": wanted.target}

    def drift(self, wanted: Mount, entry: mountinfo.MountEntry) -> str:
        source = Path(wanted.source)
        if not source.exists() or not source.samefile(wanted.target):
            return f"{wanted.target} shows something else than {wanted.source}"
        if ("ro" in entry.options) != wanted.read_only:
            return f"{wanted.target} is {'read-write' if wanted.read_only else 'read-only'}"
        return ""

    def mount(self, wanted: Mount, text: str) -> None:
        source, target = Path(wanted.source), Path(wanted.target)
        if not source.exists():
            raise ProviderError(
                f"{wanted.source}, which {wanted.target} should show, does not exist",
                hint="Declare the resource that makes it as `source_from`.",
            )
        if source.is_dir():
            # For a path inside, since the target itself is to be made too.
            marks.make_parents(str(target / "x"), text, "root")
        elif not target.exists():
            file.place(wanted.target, "", "root", 0o644, text)
        attribute = _attribute(wanted.target)
        # A mount bears no mark, so its source does; first, so that a crash in between is found.
        os.setxattr(wanted.source, attribute, f"{text}\n{wanted.target}".encode())
        syscalls.mount(wanted.source, wanted.target, flags=syscalls.MS_BIND)
        if wanted.read_only:
            # The kernel ignores other flags with MS_BIND; read-only takes a second call (mount(2)).
            flags = syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY
            syscalls.mount("none", wanted.target, flags=flags)

    def take_off(self, text: str) -> None:
        for bound in [bound for bound in _bounds() if bound.text == text]:
            unmount(bound.target, partial(_shows, bound))
            _clear(bound)

    def owned(self) -> Iterable[Owned]:
        found = {Owned.parse(bound.text) for bound in _bounds()}
        return {one for one in found if one is not None} | marks.owned("mount")


def _shows(bound: _Bound, entry: mountinfo.MountEntry) -> bool:
    """Whether a mount at the target shows the marked source."""
    entries = mountinfo.mounts()
    if entry == mountinfo.at(bound.target, entries):
        seen = _read(bound.target, bound.attribute)
        return seen is not None and seen.text == bound.text
    return (entry.device, entry.root) == mountinfo.origin(bound.source, entries)


def _clear(bound: _Bound) -> None:
    try:
        os.removexattr(bound.source, bound.attribute, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.ENODATA, errno.ENOENT, errno.EROFS):
            raise
