"""A small image as the text of its files, for a Directory that a step begins with.

Layers hold plain text files, so that each of the archives is text, too: zeros between letters.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lab_engine.common import digest
from lab_engine.families.oci.probes import BLOBS

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"


def layer_text(files: Mapping[str, str]) -> str:
    """The archive of these files, by relative path; the same for the same files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            member = tarfile.TarInfo(path)
            data = files[path].encode()
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue().decode()


def layout_files(
    reference: str, layers: Sequence[Mapping[str, str]], command: Sequence[str] = ()
) -> dict[str, str]:
    r"""The files of a layout with one image, by relative path, for `Directory(files=...)`.

    Args:
        reference: name and tag of the image, such as `shop:1`.
        layers: the text files of each layer by relative path, lowest layer first.
        command: what a container of it runs.

    It has both kinds of papers: `index.json` of the standard, and the `manifest.json` that
    `docker load` reads.

    >>> sorted(name for name in layout_files("a:1", [{"b": "c\n"}]) if "/" not in name)
    ['index.json', 'manifest.json', 'oci-layout']
    """
    files: dict[str, str] = {}

    def put(text: str) -> str:
        name = digest.of_bytes(text.encode())
        files[f"{BLOBS}/{name}"] = text
        return name

    def named(media_type: str, name: str) -> dict[str, Any]:
        size = len(files[f"{BLOBS}/{name}"].encode())
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": size}

    stacked = [put(layer_text(one)) for one in layers]
    config = put(
        _json(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": list(command)},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one}" for one in stacked]},
            }
        )
    )
    manifest = put(
        _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": named(CONFIG, config),
                "layers": [named(LAYER, one) for one in stacked],
            }
        )
    )
    tag = {"org.opencontainers.image.ref.name": reference.rpartition(":")[2]}
    index = {
        "schemaVersion": 2,
        "manifests": [{**named(MANIFEST, manifest), "annotations": tag}],
    }
    entry = {
        "Config": f"{BLOBS}/{config}",
        "RepoTags": [reference],
        "Layers": [f"{BLOBS}/{one}" for one in stacked],
    }
    return files | {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json(index),
        "manifest.json": _json([entry]),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
