"""Tar members and Docker images written by hand, so that the same input gives the same bytes.

Also used by the scripts that build the base image, so a change here rebuilds it.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Any, Final

EPOCH: Final = 1_700_000_000


def add(
    tar: tarfile.TarFile,
    name: str,
    data: bytes,
    *,
    mode: int = 0o644,
    owner: int = 0,
    kind: bytes = tarfile.REGTYPE,
    target: str = "",
) -> None:
    """Add one member with a fixed time; `target` is where a link points to."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = mode
    info.uid = info.gid = owner
    info.mtime = EPOCH
    info.type = kind
    info.linkname = target
    tar.addfile(info, io.BytesIO(data))


def docker_image(name: str, layers: list[bytes], config: dict[str, Any]) -> bytes:
    """A `docker load`-able archive of an amd64 image.

    Args:
        name: `repository:tag`.
        layers: uncompressed layer tars, lowest first.
        config: the image's `config` object (Cmd, Env, ExposedPorts, ...).
    """
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    image = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2023-11-14T22:13:20Z",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "infralab"} for _ in layers],
    }
    body = json.dumps(image, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(body).hexdigest()}.json"
    manifest = [
        {
            "Config": config_name,
            "RepoTags": [name],
            "Layers": [f"{digest}/layer.tar" for digest in digests],
        }
    ]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for digest, layer in zip(digests, layers, strict=True):
            add(tar, f"{digest}/layer.tar", layer)
        add(tar, config_name, body)
        add(tar, "manifest.json", json.dumps(manifest).encode())
    return buffer.getvalue()
