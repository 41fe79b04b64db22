"""One path in a container's root, layer by layer, without what is mounted over it (overlay2).

The kernel's rules for an overlay (Documentation/filesystems/overlayfs.rst): the topmost layer that
has a name wins; a character device 0:0 hides the name in all layers below, and so does a folder
with the attribute `trusted.overlay.opaque`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import docker.errors
import msgspec

from lab_engine.common import digest, ordinary
from lab_engine.common.probe import Probe
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import asking
from lab_engine.families.docker.agent.readers import CHANGES
from lab_engine.families.docker.probes.inside import (
    CONTENT_LIMIT,
    ContainerPathsProbe,
    ContainerPathsReading,
    DockerImagePathsProbe,
    DockerImagePathsReading,
    ImagePath,
    LayeredFile,
    LayeredPath,
)
from lab_engine.kernel import mountinfo, proc

HASH_LIMIT: Final = 64 << 20
OVERLAYS: Final = ("overlay2", "fuse-overlayfs")
"""The engine's drivers whose layers are folders that can be looked into."""
_OPAQUE: Final = "trusted.overlay.opaque"
_LINKS: Final = 40
"""As many links as the kernel follows in one path (path_resolution(7))."""


def look(layers: Sequence[str], path: str) -> LayeredFile:
    """What the layers, topmost first, show at an absolute path; links in its folders followed."""
    try:
        found = _real(layers, path)
    except OSError:
        return LayeredFile(exists=False)
    return LayeredFile(exists=False) if found is None else _described(found)


def _from(layers: Sequence[str], path: str) -> ImagePath:
    """What the layers show at a path, and from which of them, counted from the lowest."""
    try:
        found = _real(layers, path)
    except OSError:
        found = None
    if found is None:
        return ImagePath(LayeredFile(exists=False))
    place = next(at for at, layer in enumerate(layers) if found.is_relative_to(layer))
    return ImagePath(_described(found), len(layers) - 1 - place)


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
        return LayeredFile(exists=False)
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


def read_paths(probe: ContainerPathsProbe) -> ContainerPathsReading:
    with asking(f"look into the layers of {probe.container}") as api:
        try:
            about = named.container(api, probe.container)
            changes = (api.diff(about["Id"]) if probe.changes else None) or []
        except docker.errors.NotFound:
            return ContainerPathsReading(exists=False)
    own, *lower = _folders(about, probe.container)
    covers = _covers(about)
    return ContainerPathsReading(
        id=about["Id"],
        name=about["Name"].lstrip("/"),
        paths={
            path: LayeredPath(
                now=look([own, *lower], path),
                image=look(lower, path),
                own=os.path.lexists(own + path),
                covered=_cover(path, covers),
            )
            for path in probe.paths
        },
        changes={change["Path"]: CHANGES[change["Kind"]] for change in changes},
    )


def _folders(about: Mapping[str, Any], name: str) -> list[str]:
    """The layers of a container or an image as folders, topmost first."""
    graph = about.get("GraphDriver") or {}
    if graph.get("Name") not in OVERLAYS:
        raise ProviderError(
            f"the layers of {name} are kept by {graph.get('Name')!r}, not by overlay2",
            hint="Start the bench anew: `infralab down`, then `infralab up`.",
        )
    data = graph.get("Data") or {}
    return [*filter(None, [data.get("UpperDir"), *data.get("LowerDir", "").split(":")])]


def read_image_paths(probe: DockerImagePathsProbe) -> DockerImagePathsReading:
    with asking(f"look into the layers of the image {probe.image}") as api:
        try:
            about = named.image(api, probe.image)
        except docker.errors.NotFound:
            return DockerImagePathsReading(exists=False)
    layers = _folders(about, probe.image)
    return DockerImagePathsReading(
        id=about["Id"], paths={path: _from(layers, path) for path in probe.paths}
    )


def _covers(about: Mapping[str, Any]) -> set[str]:
    """Where something is mounted in a container, besides its root."""
    found = {mount["Destination"] for mount in about["Mounts"]}
    found |= set(about["HostConfig"].get("Tmpfs") or ())
    with suppress(OSError):
        if pid := about["State"]["Pid"]:
            # What was mounted from inside, or by another process, is in no setting.
            found |= {one.target for one in mountinfo.parse(proc.read_text(f"{pid}/mountinfo"))}
    return {os.path.normpath(path) for path in found} - {"/"}


def _cover(path: str, covers: Collection[str]) -> str:
    around = [one for one in covers if path == one or path.startswith(f"{one}/")]
    return max(around, key=len, default="")


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    ContainerPathsProbe: read_paths,
    DockerImagePathsProbe: read_image_paths,
}
