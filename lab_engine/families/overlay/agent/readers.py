"""Answers about overlay mounts, from the kernel's list and the folders themselves (agent side)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.overlay import probes as s
from lab_engine.kernel import mountinfo, overlay

KIND: Final = "overlay"
_HOME: Final = ("/home/learner/work", "/home/learner")
_ENGINES: Final = ("/var/lib/docker/", "/var/lib/containerd/", "/var/lib/incus/", "/run/")


def read_overlay(probe: s.OverlayProbe) -> s.OverlayReading:
    target = probe.target.rstrip("/") or "/"
    entry = mountinfo.at(target, mountinfo.mounts())
    if entry is None or entry.fstype != KIND:
        return s.OverlayReading(exists=False, fstype=entry.fstype if entry else "")
    made = overlay.stack(entry)
    base, odd = _stood(target, made)
    upper = os.path.join(base, made.upper) if made.upper else ""  # noqa: PTH118 -- kept as written
    lower = [os.path.join(base, one) for one in made.lower]  # noqa: PTH118
    return s.OverlayReading(
        fstype=entry.fstype,
        read_only=entry.read_only,
        lower=tuple(_folder(one, base) for one in made.lower),
        upper=_folder(made.upper, base) if made.upper else None,
        work=_folder(made.work, base) if made.work else None,
        odd=odd,
        paths={
            path: s.OverlayPath(
                # The mount as one layer: links in it lead nowhere else.
                view=overlay.look([target], path),
                upper=overlay.look([upper], path) if upper else overlay.NOTHING,
                lower=overlay.look(lower, path),
                whiteout=bool(upper) and overlay.whiteout(upper, path),
            )
            for path in probe.paths
        },
    )


def _stood(target: str, made: overlay.Stack) -> tuple[str, tuple[str, ...]]:
    """Where the relative paths of a stack begin, and what is odd about the stack from there.

    The kernel keeps the words and not the folder of whoever mounted it.
    """
    relative = [one for one in made.folders if not one.startswith("/")]
    seen: list[tuple[str, tuple[str, ...]]] = []
    for base in _bases(target) if relative else ("/",):
        folders = [os.path.join(base, one) for one in made.folders]  # noqa: PTH118
        if all(Path(one).is_dir() for one in folders):
            seen.append((base, overlay.odd(target, folders)))
            if not seen[-1][1]:
                return seen[-1]
    return seen[0] if seen else ("/", ())


def _bases(target: str) -> Iterator[str]:
    place = Path(target)
    yield from map(str, place.parents)
    yield from _HOME
    for parent in (place.parent, place):
        with suppress(OSError):
            yield from sorted(str(one) for one in parent.iterdir() if one.is_dir())


def _folder(path: str, base: str) -> s.StackedFolder:
    try:
        about = Path(base, path).stat()
    except OSError:
        return s.StackedFolder(path)
    device = f"{os.major(about.st_dev)}:{os.minor(about.st_dev)}"
    return s.StackedFolder(path, device, about.st_ino)


def read_overlays(_: s.OverlaysProbe) -> s.OverlaysReading:
    found = [
        (entry.target, overlay.stack(entry))
        for entry in mountinfo.mounts()
        if entry.fstype == KIND and entry.target != "/" and not _engines(entry.target)
    ]
    return s.OverlaysReading(
        tuple(s.OverlaySummary(target, made.lower, made.upper) for target, made in found)
    )


def _engines(target: str, roots: Sequence[str] = _ENGINES) -> bool:
    return any(target.startswith(root) for root in roots)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    s.OverlayProbe: read_overlay,
    s.OverlaysProbe: read_overlays,
}
