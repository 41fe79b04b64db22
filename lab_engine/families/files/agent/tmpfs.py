"""Filesystems in memory. The mark is the mount's source name, which `mount` and `df` show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks
from lab_engine.families.files.agent.unmount import covered, unmount
from lab_engine.families.files.resources import Tmpfs
from lab_engine.families.provider import Mark, Owned, Provider, Say
from lab_engine.kernel import mountinfo, syscalls


class TmpfsProvider(Provider[Tmpfs]):
    resource = Tmpfs
    family = "files"

    def observe(self, wanted: Sequence[Tmpfs], mark: Mark) -> dict[str, Sighting]:
        entries = mountinfo.mounts()
        return {tmpfs.name: self._sighting(tmpfs, mark, entries) for tmpfs in wanted}

    def _sighting(self, wanted: Tmpfs, mark: Mark, entries: list[mountinfo.MountEntry]) -> Sighting:
        entry = mountinfo.at(wanted.target, entries)
        if entry is None:
            return ABSENT
        facts = {"target": wanted.target, "size": wanted.size}
        if entry.source != mark.text(wanted.key):
            return Sighting(present=True, facts=facts)
        return Sighting(present=True, ours=True, drift=self._drift(wanted, entry), facts=facts)

    def _drift(self, wanted: Tmpfs, entry: mountinfo.MountEntry) -> str:
        # The kernel rounds up to whole pages, and tells the size in KiB (tmpfs(5)).
        pages = -(-wanted.bytes // 4096) * 4
        if f"size={pages}k" not in entry.super_options:
            found = next((o for o in entry.super_options if o.startswith("size=")), "no limit")
            return f"{wanted.target} has {found}, wanted size={pages}k"
        if entry.read_only:
            return f"{wanted.target} is read-only"
        info = Path(wanted.target).stat()
        return marks.access_drift(wanted.target, info, wanted.owner, wanted.mode)

    def create(self, wanted: Tmpfs, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        entry = mountinfo.at(wanted.target, mountinfo.mounts())
        if entry is not None and entry.source != text:
            raise covered(wanted.target)
        self.destroy(wanted.name, mark)
        user, group = marks.ids(wanted.owner)
        options = f"size={wanted.bytes},mode={wanted.mode:o},uid={user},gid={group}"
        try:
            # For a path inside, since the target itself is to be made too.
            marks.make_parents(f"{wanted.target}/x", text, "root")
            flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
            syscalls.mount(text, wanted.target, "tmpfs", flags, options)
        except OSError as error:
            raise ProviderError(
                f"no filesystem in memory can be mounted at {wanted.target}: {error.strerror}",
                resource=wanted.key,
            ) from error

    def destroy(self, name: str, mark: Mark) -> None:
        text = mark.text(f"tmpfs/{name}")
        with marks.removing(f"tmpfs/{name}", "taken off"):
            for target in {entry.target for entry in mountinfo.mounts() if entry.source == text}:
                unmount(target, lambda entry: entry.source == text)
            marks.remove_marked(text)

    def owned(self) -> Iterable[Owned]:
        found = {Owned.parse(e.source) for e in mountinfo.mounts() if e.fstype == "tmpfs"}
        ours = {one for one in found if one is not None and one.key.startswith("tmpfs/")}
        return ours | marks.owned("tmpfs")
