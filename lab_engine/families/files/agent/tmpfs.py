"""Filesystems in memory. The mark is the mount's source name, which `mount` and `df` show."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lab_engine.families.files.agent import marks
from lab_engine.families.files.agent.mounted import MountedProvider
from lab_engine.families.files.agent.unmount import unmount
from lab_engine.families.files.resources import Tmpfs
from lab_engine.families.provider import Owned
from lab_engine.kernel import mountinfo, syscalls


class TmpfsProvider(MountedProvider[Tmpfs]):
    resource = Tmpfs

    def ours(self, target: str, entry: mountinfo.MountEntry, text: str) -> bool:
        return entry.source == text

    def facts(self, wanted: Tmpfs) -> dict[str, str]:
        return {"target": wanted.target, "size": wanted.size}

    def drift(self, wanted: Tmpfs, entry: mountinfo.MountEntry) -> str:
        # The kernel rounds up to whole pages, and tells the size in KiB (tmpfs(5)).
        pages = -(-wanted.bytes // 4096) * 4
        if f"size={pages}k" not in entry.super_options:
            found = next((o for o in entry.super_options if o.startswith("size=")), "no limit")
            return f"{wanted.target} has {found}, wanted size={pages}k"
        if entry.read_only:
            return f"{wanted.target} is read-only"
        info = Path(wanted.target).stat()
        return marks.access_drift(wanted.target, info, wanted.owner, wanted.mode)

    def mount(self, wanted: Tmpfs, text: str) -> None:
        user, group = marks.ids(wanted.owner)
        options = f"size={wanted.bytes},mode={wanted.mode:o},uid={user},gid={group}"
        # For a path inside, since the target itself is to be made too.
        marks.make_parents(f"{wanted.target}/x", text, "root")
        flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
        syscalls.mount(text, wanted.target, "tmpfs", flags, options)

    def take_off(self, text: str) -> None:
        for target in {entry.target for entry in mountinfo.mounts() if entry.source == text}:
            unmount(target, lambda entry: entry.source == text)

    def owned(self) -> Iterable[Owned]:
        found = {Owned.parse(e.source) for e in mountinfo.mounts() if e.fstype == "tmpfs"}
        ours = {one for one in found if one is not None and one.key.startswith("tmpfs/")}
        return ours | marks.owned("tmpfs")
