"""Answers about image layouts, from the bytes (agent side).

What is in the folders is the learner's: anything may be a link, a pipe, a gigabyte of zeros or
JSON of another shape. None of it is an error; it is a blob of another kind, or no blob.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import digest, ordinary
from lab_engine.common.paths import WATCHED
from lab_engine.common.probe import Probe
from lab_engine.families.oci import probes as s

DEPTH: Final = 3
"""Folders below a watched one in which layouts are sought."""
MOST: Final = 20
_GZIP: Final = b"\x1f\x8b"
_REF_NAME: Final = "org.opencontainers.image.ref.name"


def layout(probe: s.OciLayoutProbe) -> s.OciLayoutReading:
    folder = Path(probe.path)
    try:
        names = sorted(path.name for path in (folder / s.BLOBS).iterdir())
    except OSError:
        return s.OciLayoutReading(exists=False)
    blobs: dict[str, s.Blob] = {}
    left = s.TOTAL_LIMIT
    for name in names[: s.COUNT_LIMIT]:
        found = blob(folder / s.BLOBS / name, left)
        left -= found.size
        # A name is bytes, and an answer is UTF-8.
        blobs[os.fsencode(name).decode(errors="replace")] = found
    index = _document(folder / "index.json")
    return s.OciLayoutReading(
        version=_text(_document(folder / "oci-layout"), "imageLayoutVersion"),
        index=_descriptors(index, "manifests") if "manifests" in index else None,
        blobs=blobs,
        total=len(names),
    )


def blob(path: Path, limit: int = s.BLOB_LIMIT) -> s.Blob:
    """What a file's bytes are. One that cannot be read, or is too long, has no digest."""
    try:
        data = ordinary.read(path, min(limit, s.BLOB_LIMIT))
    except OSError:
        return s.Blob()
    hashed = f"sha256:{digest.of_bytes(data)}"
    said = _object(data) if len(data) <= s.JSON_LIMIT else None
    if said is not None:
        return _described(s.Blob(hashed, len(data), "json"), said)
    plain = _unpacked(data)
    files = None if plain is None else _entries(plain)
    if plain is None or files is None:
        return s.Blob(hashed, len(data))
    return s.Blob(hashed, len(data), "layer", f"sha256:{digest.of_bytes(plain)}", files)


def _described(found: s.Blob, said: Mapping[str, Any]) -> s.Blob:
    if isinstance(said.get("rootfs"), dict):
        return msgspec.structs.replace(found, kind="config", config=_config(said))
    if isinstance(said.get("config"), dict) and isinstance(said.get("layers"), list):
        names = s.Manifest(_descriptor(said["config"]), _descriptors(said, "layers"))
        return msgspec.structs.replace(found, kind="manifest", manifest=names)
    return msgspec.structs.replace(found, kind="index") if "manifests" in said else found


def _config(said: Mapping[str, Any]) -> s.ImageConfig:
    inner = said.get("config")
    runs = inner if isinstance(inner, dict) else {}
    return s.ImageConfig(
        architecture=_text(said, "architecture"),
        os=_text(said, "os"),
        command=_texts(runs, "Cmd"),
        entrypoint=_texts(runs, "Entrypoint"),
        environment=_texts(runs, "Env"),
        diff_ids=_texts(said["rootfs"], "diff_ids"),
    )


def _descriptors(said: Mapping[str, Any], key: str) -> tuple[s.Descriptor, ...]:
    found = said.get(key)
    return tuple(_descriptor(one) for one in found) if isinstance(found, list) else ()


def _descriptor(said: object) -> s.Descriptor:
    if not isinstance(said, dict):
        return s.Descriptor()
    size = said.get("size")
    notes = said.get("annotations")
    return s.Descriptor(
        digest=_text(said, "digest"),
        # True is a number to Python, and none to JSON.
        size=size if isinstance(size, int) and not isinstance(size, bool) else -1,
        media_type=_text(said, "mediaType"),
        name=_text(notes, _REF_NAME) if isinstance(notes, dict) else "",
    )


def _text(said: Mapping[str, Any], key: str) -> str:
    found = said.get(key)
    return found if isinstance(found, str) else ""


def _texts(said: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = said.get(key)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _document(path: Path) -> dict[str, Any]:
    try:
        return _object(ordinary.read(path, s.JSON_LIMIT)) or {}
    except OSError:
        return {}


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _unpacked(data: bytes) -> bytes | None:
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            # A few bytes can unpack to any number of them.
            plain = packed.read(s.BLOB_LIMIT + 1)
    except (OSError, EOFError, zlib.error):
        return None
    return plain if len(plain) <= s.BLOB_LIMIT else None


def _entries(plain: bytes) -> dict[str, s.LayerFile] | None:
    """The archive's entries by path, the last one of each; None for what is no archive."""
    found: dict[str, s.LayerFile] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:", errors="replace") as archive:
            for count, member in enumerate(archive):
                if count == s.ENTRY_LIMIT:
                    break
                if member.islnk():
                    entry = found.get(_plain(member.linkname), s.LayerFile("other"))
                else:
                    entry = _entry(archive, member, len(plain))
                found[_plain(member.name)] = entry
    except (tarfile.TarError, OSError, ValueError, EOFError, RecursionError):
        return None
    return found


def _plain(path: str) -> str:
    return os.path.normpath(path).lstrip("/")


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, limit: int) -> s.LayerFile:
    if member.isdir():
        return s.LayerFile("directory")
    if member.issym():
        return s.LayerFile("link", text=member.linkname)
    # A sparse file claims any size that it likes.
    stream = archive.extractfile(member) if member.isreg() and member.size <= limit else None
    if stream is None:
        return s.LayerFile("other")
    data = stream.read()
    short = len(data) <= s.TEXT_LIMIT
    text = data.decode(errors="replace") if short else ""
    return s.LayerFile("file", len(data), digest.of_bytes(data), text)


def layouts(_: s.OciLayoutsProbe) -> s.OciLayoutsReading:
    found = (path for root in WATCHED for path in _below(root, DEPTH))
    return s.OciLayoutsReading(tuple(path for path, _ in zip(found, range(MOST), strict=False)))


def _below(root: str, depth: int) -> Iterator[str]:
    if Path(root, s.BLOBS).is_dir():
        yield root
        return
    try:
        with os.scandir(root) as listed:
            folders = sorted(e.path for e in listed if e.is_dir(follow_symlinks=False))
    except OSError:
        return
    if depth:
        for path in folders:
            yield from _below(path, depth - 1)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    s.OciLayoutProbe: layout,
    s.OciLayoutsProbe: layouts,
}
