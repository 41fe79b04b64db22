"""Statements about image layouts that a lab can require (client side)."""

from __future__ import annotations

import shlex

from lab_engine.common.evidence import See, require
from lab_engine.families.oci.probes import (
    BLOBS,
    Blob,
    Descriptor,
    ImageConfig,
    OciLayoutProbe,
    OciLayoutReading,
)


async def require_blobs(see: See, path: str) -> OciLayoutReading:
    """A folder holds blobs, and the name of each is the hash of its bytes. One round trip.

        found = await require_blobs(see, "/home/learner/work/shop")

    Reasons: `no-layout`, `no-blobs`, `lying-blob`.

    Args:
        see: the check's way to ask.
        path: the folder in which `blobs/sha256` lies.
    """
    found = await see(OciLayoutProbe(path))
    _there(found, path)
    liar = next(iter(found.liars), "")
    # A pipe or a terabyte has no hash that anybody waits for.
    command = "sha256sum" if liar and found.blobs[liar].digest else "ls -l"
    require(
        not liar,
        "lying-blob",
        expected="The name of each blob is the SHA-256 of its bytes.",
        observed=f"That of {_short(liar)} is not.",
        look=f"{command} {shlex.quote(f'{path}/{BLOBS}/{liar}')}",
    )
    return found


async def require_layout(
    see: See, path: str, *, tag: str = "", layers: int | None = None
) -> tuple[ImageConfig, tuple[Blob, ...]]:
    """A folder is a whole layout by the standard, from its index to the last layer.

        config, layers = await require_layout(see, "/home/learner/work/shop", tag="1", layers=1)

    Followed as any tool follows it: `oci-layout`, `index.json`, the manifest, the config and the
    layers, each by its digest and its size, and the config's `diff_ids` against the layers
    unpacked. Blobs that nothing leads to do not matter. One round trip.

    Reasons: `no-layout`, `no-blobs`, `no-version`, `no-index`, `no-manifest`, `several`,
    `no-such-blob`, `other-size`, `no-config`, `no-layer`, `other-layers`, `other-number`.

    Args:
        see: the check's way to ask.
        path: the folder.
        tag: the `org.opencontainers.image.ref.name` of the image; empty for the only one there is.
        layers: how many it must have; None for any number.
    """
    found = await see(OciLayoutProbe(path))
    _there(found, path)
    look = f"cd {path} && cat oci-layout index.json"
    require(
        found.version == "1.0.0",
        "no-version",
        expected="The file oci-layout says imageLayoutVersion 1.0.0.",
        observed=f"It says {found.version!r}." if found.version else "It does not.",
        look=f"cat {path}/oci-layout || true",
    )
    named = [one for one in found.index or () if tag in ("", one.name)]
    require(
        bool(named),
        "no-index",
        expected=f"index.json names a manifest{f' for {tag}' if tag else ''}.",
        observed="It names none." if found.index is not None else "There is no such index.",
        look=f"cat {path}/index.json || true",
    )
    require(
        len({one.digest for one in named}) == 1,
        "several",
        expected="index.json names one manifest.",
        observed=f"It names {len(named)}.",
        look=look,
    )
    manifest = _follow(found, named[0], "the manifest", path).manifest
    if manifest is None:
        require(
            False,
            "no-manifest",
            expected=f"The blob {_short(named[0].digest)} is a manifest.",
            observed="It has no config and layers.",
            look=look,
        )
        raise AssertionError
    config = _follow(found, manifest.config, "the config", path).config
    if config is None:
        require(
            False,
            "no-config",
            expected=f"The blob {_short(manifest.config.digest)} is a config.",
            observed="It has no rootfs.",
            look=look,
        )
        raise AssertionError
    stack = tuple(_follow(found, one, "a layer", path) for one in manifest.layers)
    for one in stack:
        require(
            one.kind == "layer",
            "no-layer",
            expected=f"The blob {_short(one.digest)} is an archive of tar.",
            observed="It is not.",
            look=f"ls -l {path}/{BLOBS}",
        )
    require(
        config.diff_ids == tuple(one.diff_id for one in stack),
        "other-layers",
        expected="The diff_ids of the config are the hashes of the layers, unpacked, in order.",
        observed="They are others.",
        look=f"cat {path}/{BLOBS}/{manifest.config.digest.removeprefix('sha256:')}",
    )
    require(
        layers in (None, len(stack)),
        "other-number",
        expected=f"It has {layers} layers.",
        observed=f"It has {len(stack)}.",
        look=look,
    )
    return config, stack


def _there(found: OciLayoutReading, path: str) -> None:
    require(
        found.exists,
        "no-layout",
        expected=f"There is a folder {path}/{BLOBS}.",
        observed="There is none.",
        look=f"ls -R {path} || true",
    )
    require(
        bool(found.blobs),
        "no-blobs",
        expected=f"In {path}/{BLOBS} are blobs.",
        observed="It is empty.",
        look=f"ls -l {path}/{BLOBS}",
    )


def _follow(found: OciLayoutReading, to: Descriptor, what: str, path: str) -> Blob:
    blob = found.blob(to.digest)
    if blob is None:
        require(
            False,
            "no-such-blob",
            expected=f"The blob {_short(to.digest)} is there, with those bytes.",
            observed=f"{what.capitalize()} that is named is not.",
            look=f"ls -l {path}/{BLOBS}",
        )
        raise AssertionError
    require(
        blob.size == to.size,
        "other-size",
        expected=f"The size that is said of {what} is {blob.size} bytes, as it has.",
        observed=f"It is {to.size}." if to.size >= 0 else "None is said.",
        look=f"ls -l {path}/{BLOBS}",
    )
    return blob


def _short(digest: str) -> str:
    return f"{digest.removeprefix('sha256:')[:12]}..." if digest else "''"
