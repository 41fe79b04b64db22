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
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from lab_engine.common.paths import ALLOWED, path_problem
from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import file, marks
from lab_engine.families.files.agent.unmount import covered, unmount
from lab_engine.families.files.resources import Mount
from lab_engine.families.provider import Mark, Owned, Provider, Say
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


class MountProvider(Provider[Mount]):
    resource = Mount
    family = "files"

    def observe(self, wanted: Sequence[Mount], mark: Mark) -> dict[str, Sighting]:
        entries = mountinfo.mounts()
        return {mount.name: self._sighting(mount, mark, entries) for mount in wanted}

    def _sighting(self, wanted: Mount, mark: Mark, entries: list[mountinfo.MountEntry]) -> Sighting:
        entry = mountinfo.at(wanted.target, entries)
        if entry is None:
            return ABSENT
        facts = {"source": wanted.source, "target": wanted.target}
        bound = _read(wanted.target, _attribute(wanted.target))
        if bound is None or bound.text != mark.text(wanted.key):
            return Sighting(present=True, facts=facts)
        drift = ""
        source = Path(wanted.source)
        if not source.exists() or not source.samefile(wanted.target):
            drift = f"{wanted.target} shows something else than {wanted.source}"
        elif ("ro" in entry.options) != wanted.read_only:
            drift = f"{wanted.target} is {'read-write' if wanted.read_only else 'read-only'}"
        return Sighting(present=True, ours=True, drift=drift, facts=facts)

    def create(self, wanted: Mount, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        if mountinfo.at(wanted.target, mountinfo.mounts()) is not None:
            bound = _read(wanted.target, _attribute(wanted.target))
            if bound is None or bound.text != text:
                raise covered(wanted.target)
        self.destroy(wanted.name, mark)
        source = Path(wanted.source)
        if not source.exists():
            raise ProviderError(
                f"{wanted.source}, which {wanted.target} should show, does not exist",
                hint="Declare the resource that makes it as `source_from`.",
            )
        try:
            target = Path(wanted.target)
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
                # The kernel ignores other flags with MS_BIND; read-only takes a second call
                # (mount(2)).
                flags = syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY
                syscalls.mount("none", wanted.target, flags=flags)
        except OSError as error:
            raise ProviderError(
                f"{wanted.source} cannot be mounted at {wanted.target}: {error.strerror}",
                resource=wanted.key,
            ) from error

    def destroy(self, name: str, mark: Mark) -> None:
        text = mark.text(f"mount/{name}")
        with marks.removing(f"mount/{name}", "taken off"):
            for bound in [bound for bound in _bounds() if bound.text == text]:
                unmount(bound.target, partial(_shows, bound))
                _clear(bound)
            marks.remove_marked(text)

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
