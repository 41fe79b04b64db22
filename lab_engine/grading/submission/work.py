"""The files of the work folder: fetched from a running bench, and only from that folder.

Names are quoted as in a URL (RFC 3986, 2.1): they may be any bytes but a slash and a NUL, and what
is written down must be text that no terminal obeys.
"""

from __future__ import annotations

import io
import tarfile
from typing import Final, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from lab_engine.bench.container import WORKDIR, Bench
from lab_engine.errors import BenchError
from lab_engine.shown import shown

MOST_FILES: Final = 200
MOST_FILE_BYTES: Final = 1 << 20
MOST_BYTES: Final = 8 << 20
MOST_LEFT_OUT: Final = 100
_LISTING: Final = 1 << 20
"""Bytes of the list of files: a folder may hold a million of them."""


class Work(NamedTuple):
    """`files` by quoted path; `left_out` says why others are not in it."""

    files: dict[str, bytes]
    left_out: dict[str, str]


class Entry(NamedTuple):
    """A file as the bench lists it: its path below the folder, and its bytes."""

    path: bytes
    size: int


def fetch(bench: Bench) -> Work:
    """What is in the learner's work folder, within limits. Links are not followed.

    Raises BenchError.
    """
    listed = bench.run(
        [
            "sh",
            "-c",
            # `-xdev`: what is mounted there is not the learner's file.
            f"cd {WORKDIR} 2>/dev/null || exit 0; "
            f"find . -xdev -type f -printf '%s %P\\0' | head -c {_LISTING}",
        ]
    ).stdout
    wanted, left_out = choose(listing(listed))
    if not wanted:
        return Work({}, left_out)
    names = b"".join(b"./" + entry.path + b"\0" for entry in wanted)
    # Files may grow since they were listed, so the stream has a limit of its own.
    most = MOST_BYTES + (len(wanted) + 20) * 2048
    done = bench.run(
        [
            "sh",
            "-c",
            f"cd {WORKDIR} && tar -cf - --no-recursion --null --verbatim-files-from -T - "
            f"2>/dev/null | head -c {most}",
        ],
        stdin=names,
    )
    return Work(*_unpacked(done.stdout, wanted, left_out))


def listing(data: bytes) -> list[Entry]:
    """The entries of a list that `find` printed; a torn last one is left out."""
    found = []
    for line in data.split(b"\0")[:-1]:
        size, _, path = line.partition(b" ")
        found.append(Entry(path, int(size)))
    return sorted(found)


def choose(entries: list[Entry]) -> tuple[list[Entry], dict[str, str]]:
    """Which files are taken, and why each other one is not."""
    taken: list[Entry] = []
    left_out: dict[str, str] = {}
    room = MOST_BYTES
    for entry in entries:
        if entry.size > MOST_FILE_BYTES:
            why = f"it has {entry.size} bytes, and the most are {MOST_FILE_BYTES}"
        elif len(taken) == MOST_FILES:
            why = f"there are more than {MOST_FILES} files"
        elif entry.size > room:
            why = f"all together have more than {MOST_BYTES} bytes"
        else:
            taken.append(entry)
            room -= entry.size
            continue
        if len(left_out) < MOST_LEFT_OUT:
            left_out[quoted(entry.path)] = why
    return taken, left_out


def _unpacked(
    data: bytes, wanted: list[Entry], left_out: dict[str, str]
) -> tuple[dict[str, bytes], dict[str, str]]:
    asked = {entry.path for entry in wanted}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as archive:
            for member in archive.getmembers():
                path = member.name.encode(errors="surrogateescape").removeprefix(b"./")
                # What was a file when it was listed may be a link by now.
                if member.isreg() and path in asked and member.size <= MOST_FILE_BYTES:
                    file = archive.extractfile(member)
                    assert file is not None
                    found[quoted(path)] = file.read()
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise BenchError(
            f"the files of the work folder could not be fetched: {error}",
            hint="Do they change at this moment? Try again when nothing writes there.",
        ) from error
    for entry in wanted:
        if quoted(entry.path) not in found:
            left_out[quoted(entry.path)] = "it could not be read"
    return found, left_out


def quoted(path: bytes) -> str:
    """The path as ASCII text."""
    return quote_from_bytes(path)


def fault(path: str) -> str:
    """What is wrong with a quoted path that somebody else wrote; empty when nothing is."""
    raw = unquote_to_bytes(path)
    parts = raw.split(b"/")
    if not path.isascii() or quoted(raw) != path:
        return "is not quoted"
    if b"" in parts or b"." in parts or b".." in parts or b"\0" in raw:
        return "leads out of the work folder"
    return ""


def spelled(path: str) -> str:
    """A quoted path for people."""
    return shown(unquote_to_bytes(path).decode(errors="surrogateescape"))
