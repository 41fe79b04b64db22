"""Archives: the tars that go into the image, and the files that `image save` writes."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from lab_engine.bench import tarball


def tar_of(files: dict[str, bytes]) -> bytes:
    """A tar of plain files, by name."""
    return joined(b"", files)


def joined(first: bytes, files: dict[str, bytes]) -> bytes:
    """The tar `first` with more plain files appended."""
    buffer = io.BytesIO(first)
    with tarfile.open(fileobj=buffer, mode="a" if first else "w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in files.items():
            tarball.add(tar, name, data)
    return buffer.getvalue()


def copy_hashed(
    blocks: Iterable[bytes], target: IO[bytes] | None, tick: Callable[[int], None]
) -> str:
    """Write all blocks to `target` (None: nowhere) and return the SHA-256 of them in hexadecimal.

    Args:
        blocks: what to write, in order.
        target: an open binary file.
        tick: called with the number of bytes so far after each block.
    """
    digest = hashlib.sha256()
    done = 0
    for block in blocks:
        digest.update(block)
        if target is not None:
            target.write(block)
        done += len(block)
        tick(done)
    return digest.hexdigest()


def image_tags(path: Path) -> list[str]:
    """The names of the images in an archive that Docker saved.

    Raises:
        ValueError: it has no manifest of images.
        tarfile.TarError, OSError: it cannot be read.
    """
    with tarfile.open(path) as tar:
        for member in tar:
            if member.name == "manifest.json":
                file = tar.extractfile(member)
                images = json.load(file) if file else []
                return [tag for image in images for tag in image.get("RepoTags") or []]
    raise ValueError("it holds no manifest.json")
