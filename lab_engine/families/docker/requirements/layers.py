"""What the layers of containers and images hold, by content (client side)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read, has_one_more
from lab_engine.common.layered import LayeredFile
from lab_engine.families.docker.probes.inside import (
    ContainerPathsProbe,
    ContainerPathsReading,
    ImageLayersProbe,
)
from lab_engine.families.docker.requirements.containers import exists, listed


async def require_layer(
    see: See,
    name: str,
    *,
    says: Mapping[str, str] | None = None,
    adds: Mapping[str, str] | None = None,
    differs: Collection[str] = (),
    lacks: Collection[str] = (),
    same: bool = False,
) -> ContainerPathsReading:
    """A container's own layer holds this, compared in content with its image. One round trip.

        await require_layer(see, "left", adds={"/etc/group": "crew:x:77:"}, lacks=["/etc/motd"])

    What a mount hides does not count, and what was written over with the same text is no change.
    The container may run or not.

    Reasons: `absent`, `mounted-over`, `not-in-the-layer`, `other-text`, `old-text-lost`,
    `not-added`, `unchanged`, `still-there`, `never-there`, `touched`.

    Args:
        see: the check's way to ask.
        name: the container, by its whole name.
        says: path to the whole text of a file that the image lacks or has otherwise.
        adds: path to one line: the file is the image's, whole and in its order, and this line more;
            an empty one for any.
        differs: paths of files whose content is not that of the image.
        lacks: paths that the image has and the container has not any more.
        same: nothing at all in it differs from the image.
    """
    says, adds = says or {}, adds or {}
    paths = tuple(dict.fromkeys((*says, *adds, *differs, *lacks)))
    found = await see(ContainerPathsProbe(name, paths, changes=same))
    look = f"docker diff {name}"
    exists(found, name)
    for path in paths:
        cover = found.paths[path].covered
        require(
            not cover,
            "mounted-over",
            expected=f"In {name}, {path} lies in the container's own layer.",
            observed=f"Something is mounted at {cover}, so it does not.",
            look=f"docker inspect -f '{{{{json .Mounts}}}} {{{{json .HostConfig.Tmpfs}}}}' {name}",
        )
    for path in lacks:
        one = found.paths[path]
        require(
            one.image.exists,
            "never-there",
            expected=f"The image of {name} has {path}.",
            observed="It has none.",
            look=look,
        )
        require(
            not one.now.exists,
            "still-there",
            expected=f"In {name}, {path} is gone.",
            observed="It is still there.",
            look=look,
        )
    for path in (*says, *adds, *differs):
        _holds(found, path, look)
    for path, text in says.items():
        now = found.paths[path].now
        require(
            now.whole and as_read(now.content) == as_read(text),
            "other-text",
            expected=f"In {name}, {path} says {text!r}.",
            observed=f"It says {now.content.strip()[:60]!r}." if now.whole else "It is longer.",
            look=_shown(name, path),
        )
    for path, line in adds.items():
        one = found.paths[path]
        kept, added = has_one_more(one.image.content, one.now.content, line)
        require(
            kept and one.now.whole,
            "old-text-lost",
            expected=f"In {name}, {path} still has all the lines that its image has.",
            observed="Some of them are gone, or stand in another order.",
            look=_shown(name, path),
        )
        require(
            added,
            "not-added",
            expected=f"In {name}, {path} has one line more{f': {line!r}' if line else ''}.",
            observed="It has not, or more than that." if line else "It has none.",
            look=_shown(name, path),
        )
    for path in differs:
        one = found.paths[path]
        require(
            one.now.sha256 != one.image.sha256,
            "unchanged",
            expected=f"In {name}, {path} has another content than in the image.",
            observed="It has the same.",
            look=_shown(name, path),
        )
    require(
        not (same and found.changes),
        "touched",
        expected=f"{name} is as its image.",
        observed=f"It differs in {listed(found.changes)}.",
        look=look,
    )
    return found


async def require_buried(see: See, image: str, path: str) -> LayeredFile:
    """A container of an image sees no such file, but a layer of the image still holds one.

        key = await require_buried(see, "shop:1", "/etc/key")

    One round trip. What the topmost layer that has the file says is given back.

    Reasons: `no-image`, `in-sight`, `in-no-layer`.

    Args:
        see: the check's way to ask.
        image: its name; the tag is `latest` when none is written.
        path: of the file, from the root of the image.
    """
    found = await see(ImageLayersProbe(image, (path,)))
    require(
        found.exists,
        "no-image",
        expected=f"There is an image {image}.",
        observed="There is none.",
        look="docker image ls",
    )
    look = f"docker history {image}"
    one = found.paths[path]
    require(
        not one.now.exists,
        "in-sight",
        expected=f"A container of {image} sees no {path}.",
        observed="It does.",
        look=look,
    )
    files = [layer for layer in one.layers if layer.kind == "file"]
    require(
        files,
        "in-no-layer",
        expected=f"One of the layers of {image} holds a file {path}.",
        observed=f"None of its {len(found.folders)} layers does.",
        look=look,
    )
    return files[0]


def _holds(found: ContainerPathsReading, path: str, look: str) -> None:
    one = found.paths[path]
    require(
        one.own and one.now.kind == "file",
        "not-in-the-layer",
        expected=f"The layer of {found.name} holds a file {path}.",
        observed=f"There it is a {one.now.kind}."
        if one.own and one.now.kind
        else "It holds none of that name.",
        look=look,
    )


def _shown(name: str, path: str) -> str:
    """How the learner sees a file of a container, whether that runs or not."""
    return f"docker cp {name}:{path} - | tar -xO"
