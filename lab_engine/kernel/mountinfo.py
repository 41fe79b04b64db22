"""Mounts as the kernel lists them (proc_pid_mountinfo(5))."""

from __future__ import annotations

import re

import msgspec

from lab_engine.kernel import proc

_OCTAL = re.compile(r"\\([0-7]{3})")


class MountEntry(msgspec.Struct, frozen=True):
    """One line of mountinfo.

    `root` is the folder of the filesystem that is shown at `target`: `/` for a whole filesystem,
    something longer for a bind mount of a part. `source` is what the mounter named it.
    """

    target: str
    fstype: str
    source: str
    root: str
    options: tuple[str, ...]
    super_options: tuple[str, ...]
    device: str
    number: int
    parent: int
    propagation: tuple[str, ...] = ()

    @property
    def read_only(self) -> bool:
        return "ro" in self.options or "ro" in self.super_options


def _plain(field: str) -> str:
    # The kernel writes blanks, tabs, line ends and backslashes so (fs/proc_namespace.c, mangle).
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)


def parse(text: str) -> list[MountEntry]:
    """Read the text of a mountinfo file, in its order: a later mount covers an earlier one."""
    entries = []
    for line in text.splitlines():
        # Any number of optional fields comes before the hyphen.
        left, _, right = line.partition(" - ")
        number, parent, device, root, target, options, *propagation = left.split(" ")
        fstype, source, super_options = [*right.split(" "), "", ""][:3]
        entries.append(
            MountEntry(
                _plain(target),
                fstype,
                _plain(source),
                _plain(root),
                tuple(options.split(",")),
                tuple(super_options.split(",")),
                device,
                int(number),
                int(parent),
                tuple(propagation),
            )
        )
    return entries


def mounts(pid: int = 0) -> list[MountEntry]:
    """The mounts that process `pid` sees; those of the bench for 0.

    Raises FileNotFoundError or ProcessLookupError when there is no such process.
    """
    # A path is bytes: one that is no UTF-8 must not end the reading.
    text = proc.read_bytes(f"{pid or proc.own()}/mountinfo").decode(errors="surrogateescape")
    return parse(text)


def at(target: str, entries: list[MountEntry]) -> MountEntry | None:
    """The topmost mount at exactly `target`."""
    return next((entry for entry in reversed(entries) if entry.target == target), None)


def below(folder: str, entries: list[MountEntry]) -> list[MountEntry]:
    """The mounts somewhere under `folder`, itself not included."""
    prefix = folder.rstrip("/") + "/"
    return [entry for entry in entries if entry.target.startswith(prefix)]


def origin(path: str, entries: list[MountEntry]) -> tuple[str, str]:
    """Which device `path` lies on, and its path there: what a bind mount of it would show."""
    around = [e for e in entries if path == e.target or path.startswith(e.target.rstrip("/") + "/")]
    # Of mounts at the same place the later one is on top.
    holder = max(enumerate(around), key=lambda pair: (len(pair[1].target), pair[0]))[1]
    inside = path[len(holder.target.rstrip("/")) :]
    return holder.device, (holder.root.rstrip("/") + inside) or "/"
