"""Paths in the layers of containers and images, without what is mounted over them (overlay2)."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, Final

import docker.errors
import msgspec

from lab_engine.common.probe import Probe
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import asking
from lab_engine.families.docker.agent.readers import CHANGES
from lab_engine.families.docker.probes.inside import (
    ContainerPathsProbe,
    ContainerPathsReading,
    DockerImagePathsProbe,
    DockerImagePathsReading,
    ImageLayersProbe,
    ImageLayersReading,
    ImagePath,
    LayeredImagePath,
    LayeredPath,
)
from lab_engine.kernel import mountinfo, proc
from lab_engine.kernel.overlay import look, origin

OVERLAYS: Final = ("overlay2", "fuse-overlayfs")
"""The engine's drivers whose layers are folders that can be looked into."""


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


def _image(name: str) -> dict[str, Any] | None:
    """What the engine knows of an image; None when it has none of that name."""
    with asking(f"look into the layers of the image {name}") as api:
        try:
            about: dict[str, Any] = named.image(api, name)
        except docker.errors.NotFound:
            return None
    return about


def read_image_paths(probe: DockerImagePathsProbe) -> DockerImagePathsReading:
    about = _image(probe.image)
    if about is None:
        return DockerImagePathsReading(exists=False)
    layers = _folders(about, probe.image)
    return DockerImagePathsReading(
        id=about["Id"], paths={path: ImagePath(*origin(layers, path)) for path in probe.paths}
    )


def read_image(probe: ImageLayersProbe) -> ImageLayersReading:
    about = _image(probe.image)
    if about is None:
        return ImageLayersReading(exists=False)
    folders = _folders(about, probe.image)
    return ImageLayersReading(
        id=about["Id"],
        folders=tuple(folders),
        paths={
            path: LayeredImagePath(look(folders, path), tuple(look([one], path) for one in folders))
            for path in probe.paths
        },
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
    ImageLayersProbe: read_image,
}
