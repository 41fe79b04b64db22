"""Questions about overlay mounts (Documentation/filesystems/overlayfs.rst). Topics: mount, file."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.layered import LayeredFile
from lab_engine.common.probe import Probe, Reading

TOPICS = frozenset({"mount", "file"})


class StackedFolder(msgspec.Struct, frozen=True):
    """A folder of an overlay. `path` is as whoever mounted it wrote it.

    `device` and `inode` are those of the folder that is there now; empty and 0 for a relative path
    that leads nowhere from the places where somebody may have stood.
    """

    path: str
    device: str = ""
    inode: int = 0


class OverlayPath(msgspec.Struct, frozen=True):
    """A path of an overlay: as the mount shows it, in its upper layer alone, and without that.

    `whiteout` says that the upper layer holds the mark that hides the path.
    """

    view: LayeredFile
    upper: LayeredFile
    lower: LayeredFile
    whiteout: bool = False


class OverlayReading(Reading, frozen=True):
    """The mount on top at a path; it exists when that is an overlay.

    `lower` is topmost first. `odd` are a few names at which the mount shows something else than
    its layers hold: they were moved, or something is mounted over a part of it.
    """

    exists: bool = True
    fstype: str = ""
    read_only: bool = False
    lower: tuple[StackedFolder, ...] = ()
    upper: StackedFolder | None = None
    work: StackedFolder | None = None
    odd: tuple[str, ...] = ()
    paths: dict[str, OverlayPath] = msgspec.field(default_factory=dict)


class OverlayProbe(Probe[OverlayReading], frozen=True, tag="overlay"):
    """The overlay on top at exactly `target`, and what it has at some paths, each with a slash.

    Where nothing or something else is mounted, `fstype` says what.

    Example::

        OverlayProbe("/mnt/view", ("/etc/motd",))
        reading.paths["/etc/motd"].whiteout and not reading.paths["/etc/motd"].view.exists
    """

    target: str
    paths: tuple[str, ...] = ()

    reading: ClassVar[type[msgspec.Struct]] = OverlayReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class OverlaySummary(msgspec.Struct, frozen=True):
    """An overlay in a list, its folders as they were written; `upper` is empty for none."""

    target: str
    lower: tuple[str, ...]
    upper: str = ""


class OverlaysReading(Reading, frozen=True):
    overlays: tuple[OverlaySummary, ...] = ()


class OverlaysProbe(Probe[OverlaysReading], frozen=True, tag="overlays"):
    """The overlays that somebody mounted in the bench; those of containers are left out.

    Example::

        OverlaysProbe()
        any(one.target == "/mnt/view" for one in reading.overlays)
    """

    reading: ClassVar[type[msgspec.Struct]] = OverlaysReading

    def topics(self) -> frozenset[str]:
        return frozenset({"mount"})
