"""Archives: the tars that go into the image, and the files that `image save` writes."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Final, Literal

import msgspec

from lab_engine.bench import tarball
from lab_engine.common import ordinary

LONGEST_MANIFEST: Final = 1 << 20


class _Image(msgspec.Struct, frozen=True):
    tags: tuple[str, ...] | None = msgspec.field(name="RepoTags", default=None)


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
    """The names of the images in an archive that Docker saved, or that claims to be one.

    Raises:
        ValueError: it has no manifest of images.
        tarfile.TarError, OSError: it cannot be read.
    """
    ordinary.check(path)
    try:
        with tarfile.open(path, _mode(path)) as tar:
            for member in tar:
                if member.name == "manifest.json":
                    return _tags(tar, member)
    except tarfile.ReadError as error:
        # Of all that a header can lack, a person needs to know only this.
        raise ValueError("it is no tar file") from error
    except (EOFError, zlib.error, lzma.LZMAError, RecursionError) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error
    raise ValueError("it holds no manifest.json")


def _mode(path: Path) -> Literal["r:", "r:gz", "r:bz2", "r:xz"]:
    """How to open it, by its first bytes. To try each way reads a sparse file to its end."""
    with path.open("rb") as file:
        first = file.read(6)
    if first.startswith(b"\x1f\x8b"):
        return "r:gz"
    if first.startswith(b"BZh"):
        return "r:bz2"
    return "r:xz" if first == b"\xfd7zXZ\0" else "r:"


def _tags(tar: tarfile.TarFile, member: tarfile.TarInfo) -> list[str]:
    file = tar.extractfile(member) if member.isfile() else None
    if file is None or member.size > LONGEST_MANIFEST:
        raise ValueError("its manifest.json is none")
    images = msgspec.json.decode(file.read(), type=list[_Image])
    return [tag for image in images for tag in image.tags or ()]
