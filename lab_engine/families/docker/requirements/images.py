"""What an image of the engine is made of (client side)."""

from __future__ import annotations

from collections.abc import Mapping

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read
from lab_engine.families.docker.probes.engine import DockerImageProbe, DockerImageReading
from lab_engine.families.docker.probes.inside import DockerImagePathsProbe, ImagePath

_LAYERS = "{{range .RootFS.Layers}}{{println .}}{{end}}"


async def require_image(
    see: See,
    name: str,
    *,
    id: str = "",
    base: str = "",
    layers: int | None = None,
    holds: Mapping[str, str] | None = None,
    at_most: int | None = None,
) -> tuple[DockerImageReading, dict[str, ImagePath]]:
    """The engine has an image of this name, made of this. One round trip.

        image, _ = await require_image(see, "shop:2", base="busybox", layers=1, at_most=4 << 20)
        image, paths = await require_image(see, "shop:1", holds={"/srv/index.html": "hello"})

    Layers are told by their digests: the same files in a layer of their own are another layer.
    Gives the paths of `holds` as well, each with the place of the layer that it comes from.

    Reasons: `no-image`, `other-id`, `other-base`, `other-layers`, `too-large`, `not-in-image`,
    `other-text`.

    Args:
        see: the check's way to ask.
        name: reference, such as `shop:2`.
        id: the digest of its config, `sha256:...`; empty for any.
        base: the image on whose layers, all of them, its own lie; as it was when the step began.
        layers: how many it has, those of its base not counted; None for any number.
        holds: path to the whole text of a file of it, read kindly; empty for any content.
        at_most: bytes that it may have.
    """
    holds = holds or {}
    found, paths, below = await see(
        DockerImageProbe(name),
        DockerImagePathsProbe(name, tuple(holds)),
        DockerImageProbe(base or name),
    )
    if base:
        first = await see.earliest(DockerImageProbe(base))
        below = first if first.exists else below
    require(
        found.exists,
        "no-image",
        expected=f"There is an image {name}.",
        observed="There is none.",
        look="docker images",
    )
    require(
        id in ("", found.id),
        "other-id",
        expected=f"The id of {name} is {id}.",
        observed=f"It is {found.id}.",
        look="docker images --no-trunc",
    )
    look = f"docker inspect -f '{_LAYERS}' {name}"
    under = below.layers if base else ()
    require(
        found.layers[: len(under)] == under and (not base or bool(under)),
        "other-base",
        expected=f"The lowest layers of {name} are those of {base}.",
        observed="They are others.",
        look=f"{look} {base}",
    )
    own = len(found.layers) - len(under)
    require(
        layers in (None, own),
        "other-layers",
        expected=f"{name} has {layers} layers{f' on top of those of {base}' if base else ''}.",
        observed=f"It has {own}.",
        look=look,
    )
    require(
        at_most is None or found.size <= at_most,
        "too-large",
        expected=f"{name} has {at_most} bytes at most.",
        observed=f"It has {found.size}.",
        look="docker images",
    )
    for path, text in holds.items():
        one = paths.paths[path].file
        require(
            one.kind == "file",
            "not-in-image",
            expected=f"{name} has a file {path}.",
            observed=f"There it has a {one.kind}." if one.kind else "It has none.",
            look=f"docker save {name} | tar -t",
        )
        require(
            not text or (one.whole and as_read(one.content) == as_read(text)),
            "other-text",
            expected=f"In {name}, {path} says {text!r}.",
            observed=f"It says {one.content.strip()[:60]!r}.",
            look=f"docker save {name} | tar -t",
        )
    return found, paths.paths
