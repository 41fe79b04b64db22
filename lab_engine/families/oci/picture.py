"""Image layouts as parts of the picture: a box with its blobs, each filled when its name holds."""

from __future__ import annotations

from pathlib import PurePosixPath

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.oci.probes import (
    BLOBS,
    Blob,
    OciLayoutProbe,
    OciLayoutReading,
    OciLayoutsProbe,
)

SHORT = 12
"""Digits of a digest, as Docker shows them."""
MOST = 12
"""Blobs of a layout that are drawn."""


async def read(questions: Questions, parts: Parts) -> None:
    """Add the layouts and their blobs."""
    (there,) = await questions.all([OciLayoutsProbe()])
    paths = there.paths if there else ()
    found = await questions.all([OciLayoutProbe(path) for path in paths])
    for path, one in zip(paths, found, strict=True):
        if one is not None:
            _layout(path, one, parts)


def _layout(path: str, one: OciLayoutReading, parts: Parts) -> None:
    key = f"oci-layout/{path}"
    liars = one.liars
    state = f"{len(liars)} lying" if liars else f"{one.total} blobs"
    papers = [name for name, is_there in (("oci-layout", one.version), ("index.json", one.index))
              if is_there]  # fmt: skip
    facts = [("folder", path), ("papers", " ".join(papers) or "none yet")]
    name = PurePosixPath(path).name
    parts.add(Node(key, "oci-layout", name, state, not liars and one.total > 0, tuple(facts)))
    for called, blob in list(one.blobs.items())[:MOST]:
        honest = blob.digest == f"sha256:{called}"
        parts.add(
            Node(
                f"oci-blob/{path}/{called}",
                "oci-blob",
                f"{blob.kind} {called[:SHORT]}{'' if honest else ' lies'}",
                "" if honest else "its name lies",
                honest,
                tuple(_facts(blob)),
            )
        )
        parts.join(key, f"oci-blob/{path}/{called}", BLOBS)


def _facts(blob: Blob) -> list[tuple[str, str]]:
    facts = [("kind", blob.kind), ("bytes", str(blob.size)), ("hash of the bytes", blob.digest)]
    if blob.config is not None:
        facts += [("layer", diff_id) for diff_id in blob.config.diff_ids]
        facts.append(("command", " ".join(blob.config.command)))
    if blob.manifest is not None:
        facts.append(("config", blob.manifest.config.digest))
        facts += [("layer", layer.digest) for layer in blob.manifest.layers]
    if blob.diff_id and blob.diff_id != blob.digest:
        facts.append(("unpacked", blob.diff_id))
    return facts
