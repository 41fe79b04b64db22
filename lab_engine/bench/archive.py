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
MANIFEST: Final = "manifest.json"
SEAL: Final = "infralab.json"
WHEELS: Final = "infralab-wheels"
"""The folder in an archive with the client's Python packages; the launcher looks there."""


class _Image(msgspec.Struct, frozen=True):
    tags: tuple[str, ...] | None = msgspec.field(name="RepoTags", default=None)
    config: str = msgspec.field(name="Config", default="")


class _Seal(msgspec.Struct, frozen=True):
    """What `complete` notes: SHA-256 in hexadecimal of the manifest, and of each wheel by name."""

    manifest: str
    wheels: dict[str, str] = {}


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


def complete(path: Path, wheels: Iterable[Path]) -> None:
    """Add to an archive that Docker saved the wheels, and a note by which damage is found.

    Raises what `image_tags` does.
    """
    with tarfile.open(path, "r:") as tar:
        manifest = _read(tar, MANIFEST)
    sums = {}
    with tarfile.open(path, "a:", format=tarfile.GNU_FORMAT) as tar:
        for wheel in wheels:
            data = wheel.read_bytes()
            sums[wheel.name] = hashlib.sha256(data).hexdigest()
            tarball.add(tar, f"{WHEELS}/{wheel.name}", data)
        seal = _Seal(hashlib.sha256(manifest).hexdigest(), sums)
        tarball.add(tar, SEAL, msgspec.json.encode(seal))


def damage(path: Path) -> str:
    """What in an archive is not as `complete` noted it, or empty; also for one without a note.

    The chain is: note, manifest, configuration of each image. The engine compares each layer with
    the configuration when it loads it (Moby, image/tarexport/load.go).
    """
    with tarfile.open(path, _mode(path)) as tar:
        try:
            seal = msgspec.json.decode(_read(tar, SEAL), type=_Seal)
        except KeyError:
            return ""
        manifest = _read(tar, MANIFEST)
        wanted = {MANIFEST: seal.manifest}
        for image in msgspec.json.decode(manifest, type=list[_Image]):
            # The name is the digest: `HEX.json`, or `blobs/sha256/HEX` since Docker 25.
            wanted[image.config] = image.config.rpartition("/")[2].removesuffix(".json")
        wanted |= {f"{WHEELS}/{name}": digest for name, digest in seal.wheels.items()}
        for name, digest in wanted.items():
            try:
                found = hashlib.sha256(_read(tar, name)).hexdigest()
            except KeyError:
                return f"{name} is missing"
            if found != digest:
                return f"the SHA-256 of {name} is {found}, and should be {digest}"
    return ""


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    """The content of a plain file. Raises KeyError when there is none of that name."""
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


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
                if member.name == MANIFEST:
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
