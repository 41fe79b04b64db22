"""A submission as data: made to a file, and read from one with every claim of its form checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from lab_engine.common import digest
from lab_engine.grading.submission import archive, chain, work
from lab_engine.grading.submission.manifest import KIND, VERSION, Manifest, Part, Past
from lab_engine.grading.submission.refused import Refused
from lab_engine.recording import kept
from lab_engine.recording.cast import Cast, Unreadable

MANIFEST: Final = "manifest.json"
LONGEST_MANIFEST: Final = 1 << 20
LONGEST_RECORD: Final = 32 << 20

T = TypeVar("T")


class Handed(msgspec.Struct, frozen=True):
    """One lesson: what is said of it, its record, recordings by name, files by SHA-256."""

    part: Part
    past: Past
    casts: dict[str, bytes]
    files: dict[str, bytes]

    def recordings(self) -> list[Cast]:
        """Oldest first."""
        return kept.read(self.casts)


class Submission(msgspec.Struct, frozen=True):
    """`seal` is the last link of its chain, `sha256` that of the file."""

    manifest: Manifest
    parts: tuple[Handed, ...]
    seal: str
    sha256: str


def pack(manifest: Manifest, parts: tuple[Handed, ...]) -> bytes:
    """The file. `manifest.parts` are those of `parts`."""
    members = {MANIFEST: msgspec.json.encode(manifest)}
    for number, one in enumerate(parts, 1):
        members[f"{number}/record.json"] = msgspec.json.encode(one.past)
        for name, data in sorted(one.casts.items()):
            members[f"{number}/casts/{name}"] = data
        for name, data in sorted(one.files.items()):
            members[f"{number}/work/{name}"] = data
    return archive.write({**members, chain.MEMBER: chain.encode(members)})


def read(path: Path) -> Submission:
    """A submission whose form and chain hold. Raises Refused with the reason."""
    return parse(archive.load(path))


def parse(data: bytes) -> Submission:
    """As `read`, of a file in memory."""
    members = archive.members(data)
    manifest = _manifest(members)
    links = members.pop(chain.MEMBER, None)
    if links is None:
        raise Refused("missing", "its chain of hashes is not there")
    seal = chain.verify(links, members)
    if next(iter(members)) != MANIFEST:
        raise Refused("order", "its manifest is not its first member")
    sessions = [part.session for part in manifest.parts]
    if len(set(sessions)) != len(sessions):
        raise Refused("twice", "it names one session twice")
    left = dict(members)
    del left[MANIFEST]
    parts = tuple(_part(n, part, left) for n, part in enumerate(manifest.parts, 1))
    for name in left:
        raise Refused("stray", f"{name} belongs to nothing in it")
    return Submission(manifest, parts, seal, digest.of_bytes(data))


class _Kind(msgspec.Struct):
    kind: str
    version: int


def _manifest(members: Mapping[str, bytes]) -> Manifest:
    data = members.get(MANIFEST)
    if data is None:
        raise Refused("missing", "its manifest is not there")
    # First alone: a newer version may have other fields.
    kind = _decoded(MANIFEST, data, _Kind, LONGEST_MANIFEST)
    if kind.kind != KIND:
        raise Refused("kind", f"it is a file of another kind: {kind.kind[:80]!r}")
    if kind.version != VERSION:
        raise Refused(
            "version",
            f"it is of version {kind.version}, and this infralab reads version {VERSION}",
            hint="Use the infralab that it was handed in with.",
        )
    return _decoded(MANIFEST, data, Manifest, LONGEST_MANIFEST)


def _part(number: int, part: Part, left: dict[str, bytes]) -> Handed:
    record, casts, files = f"{number}/record.json", f"{number}/casts/", f"{number}/work/"
    data = left.pop(record, None)
    if data is None:
        raise Refused("missing", f"the record of lesson {part.lesson} is not there")
    past = _decoded(record, data, Past, LONGEST_RECORD)
    times = [one.at for one in past.happened]
    if times != sorted(times):
        raise Refused("record", f"{record}: what happened is not in the order of time")
    for told in past.verdicts:
        if told.verdict and (told.verdict.task, told.verdict.outcome) != (told.task, told.outcome):
            raise Refused(
                "record", f"{record}: a verdict on {told.task} says something else inside"
            )
    handed = Handed(part, past, _below(casts, left), _below(files, left))
    _require_recordings(casts, handed)
    _require_work(files, handed)
    return handed


def _below(folder: str, left: dict[str, bytes]) -> dict[str, bytes]:
    names = [name for name in left if name.startswith(folder)]
    return {name.removeprefix(folder): left.pop(name) for name in names}


def _require_recordings(folder: str, handed: Handed) -> None:
    for name in handed.casts:
        if not kept.NAME.match(name):
            raise Refused("stray", f"{folder}{name} is no recording")
    try:
        handed.recordings()
    except Unreadable as error:
        raise Refused("recording", f"{folder}: {error.message}") from error


def _require_work(folder: str, handed: Handed) -> None:
    named = set(handed.past.work.values())
    for path, sha256 in handed.past.work.items():
        if fault := work.fault(path):
            raise Refused("work", f"the file {work.spelled(path)[:80]!r} {fault}")
        if sha256 not in handed.files:
            raise Refused(
                "missing", f"the file {work.spelled(path)[:80]!r} is named, but not there"
            )
    for name, data in handed.files.items():
        if name not in named:
            raise Refused("stray", f"{folder}{name} belongs to nothing in it")
        if digest.of_bytes(data) != name:
            raise Refused("work", f"{folder}{name} has another content than its name says")
        if len(data) > work.MOST_FILE_BYTES:
            raise Refused("too-big", f"{folder}{name} has {len(data)} bytes")


def _decoded(name: str, data: bytes, kind: type[T], longest: int) -> T:
    if len(data) > longest:
        raise Refused("too-big", f"{name} has {len(data)} bytes, and the most are {longest}")
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError) as error:
        reason = "manifest" if name == MANIFEST else "record"
        raise Refused(reason, f"{name} cannot be read: {error}") from error
