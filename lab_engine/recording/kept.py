"""The recordings of a session: fetched from its bench, and kept at the client when that goes.

They are kept as they are, with an index of their digests, so that a file that is missing or damaged
is told and never taken for less work.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.bench.container import Bench
from lab_engine.common import digest, ordinary, replacing
from lab_engine.course import edition
from lab_engine.course.lesson import Lesson
from lab_engine.errors import InfralabError
from lab_engine.recording.cast import Cast, Unreadable, read_cast

FOLDER: Final = "/var/lib/infralab/recordings"
INDEX: Final = "index.json"
LONGEST_INDEX: Final = 1 << 20

NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*\.cast\Z", re.ASCII)
"""What a recording may be called. Anything else in an index could name any file of the machine."""
MOST_BYTES: Final = 128 << 20
"""Of all recordings of a session together: what was typed, and what it printed. Each reader holds
them in memory, several times over."""

Files = Mapping[str, bytes]
"""Recordings as they are, by name."""


class Index(msgspec.Struct, frozen=True):
    """`lesson` is its edition when they were kept; `files` maps names to SHA-256."""

    lesson: str
    files: dict[str, str]


def fetch_files(bench: Bench) -> dict[str, bytes]:
    """What a bench holds. Raises BenchError, Unreadable."""
    done = bench.run(
        [
            "sh",
            "-c",
            # Before the first shell the folder is not there: an empty archive is no error.
            f"cd {FOLDER} 2>/dev/null || {{ tar -cf - -T /dev/null; exit; }}; "
            f"tar -cf - . | head -c {MOST_BYTES + 1}",
        ]
    )
    if len(done.stdout) > MOST_BYTES:
        raise Unreadable(
            f"the bench's recordings have more than {MOST_BYTES >> 20} MiB",
            hint=f"Look at them in the bench: `sudo ls -l {FOLDER}`.",
        )
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            for member in archive.getmembers():
                file = archive.extractfile(member) if member.isfile() else None
                # The last part only: it becomes the name of a file at the client.
                name = Path(member.name).name
                if file and NAME.match(name):
                    # A sparse member is as long as it says, however few bytes it has here.
                    if member.size > MOST_BYTES:
                        raise tarfile.ReadError(f"{name} says it has {member.size} bytes")
                    found[name] = file.read()
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Unreadable(
            f"the bench's recordings could not be fetched: {error}", hint="Try it again."
        ) from error
    return found


def read(files: Files) -> list[Cast]:
    """Oldest first. Raises Unreadable."""
    return sorted((read_cast(name, files[name]) for name in files), key=lambda cast: cast.began)


def fetch(bench: Bench) -> list[Cast]:
    """The recordings of a bench, oldest first. Raises BenchError, Unreadable."""
    return read(fetch_files(bench))


def keep(folder: Path, files: Files, lesson: str) -> None:
    """Write the recordings where a removed bench does not take them along.

    `lesson` is its edition now. Raises InfralabError when they cannot be written.
    """
    index = Index(lesson, {name: digest.of_bytes(data) for name, data in files.items()})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            replacing.write(folder / name, data, durable=True)
        # Last, so that it names no file that is not wholly on the disk.
        replacing.write(folder / INDEX, msgspec.json.encode(index), durable=True)
    except OSError as error:
        raise InfralabError(
            f"the recordings cannot be written to {folder}: {error}",
            hint="Check that the folder can be written and the disk is not full.",
        ) from error


def load(folder: Path) -> tuple[dict[str, bytes], str]:
    """What was kept, and the edition of the lesson then.

    Raises Unreadable when nothing was kept, or a file is missing or not as it was kept.
    """
    try:
        index = msgspec.json.decode(ordinary.read(folder / INDEX, LONGEST_INDEX), type=Index)
    except FileNotFoundError:
        raise Unreadable(
            f"its bench does not run, and no recording of it was kept in {folder}",
            hint="`infralab replay` keeps one while the bench runs, `infralab down` at its end.",
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(folder / INDEX, str(error)) from error
    found: dict[str, bytes] = {}
    room = MOST_BYTES
    for name, its in index.files.items():
        if not NAME.match(name):
            raise _damaged(folder / INDEX, f"{name!r} is no name of a recording")
        try:
            found[name] = ordinary.read(folder / name, room)
            room -= len(found[name])
        except FileNotFoundError:
            raise _damaged(folder / name, "it is missing") from None
        except OSError as error:
            raise _damaged(folder / name, str(error)) from error
        if digest.of_bytes(found[name]) != its:
            raise _damaged(folder / name, "it is not as it was kept")
    return found, index.lesson


def recordings(folder: Path, session: str, lesson: Lesson) -> tuple[Files, str]:
    """Those of a session, from its bench while that runs, and the lesson's edition then.

    What comes from the bench is kept in `folder` where that can be written; its bench has it still.
    Raises Unreadable, BenchError.
    """
    bench = Bench.running(session)
    if bench is None:
        return load(folder)
    files, now = fetch_files(bench), edition.of_lesson(lesson)
    with suppress(InfralabError):
        keep(folder, files, now)
    return files, now


def _damaged(path: Path, why: str) -> Unreadable:
    return Unreadable(
        f"the recording {path} cannot be read: {why}", hint="Bring it back from a copy, if any."
    )
