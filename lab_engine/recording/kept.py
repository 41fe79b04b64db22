"""The recordings of a session: fetched from its bench, and kept at the client when that goes.

They are kept as they are, with an index of their digests, so that a file that is missing or damaged
is told and never taken for less work.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.bench.container import Bench
from lab_engine.common import digest, replacing
from lab_engine.course import edition
from lab_engine.course.lesson import Lesson
from lab_engine.errors import InfralabError
from lab_engine.recording.cast import Cast, Unreadable, read_cast

FOLDER: Final = "/var/lib/infralab/recordings"
INDEX: Final = "index.json"
SUFFIX: Final = ".cast"

Files = Mapping[str, bytes]
"""Recordings as they are, by name."""


class Index(msgspec.Struct, frozen=True):
    """`lesson` is its edition when they were kept; `files` maps names to SHA-256."""

    lesson: str
    files: dict[str, str]


def fetch_files(bench: Bench) -> dict[str, bytes]:
    """What a bench holds. Raises BenchError, Unreadable."""
    done = bench.run(
        ["sh", "-c", f"cd {FOLDER} 2>/dev/null && tar -cf - . || tar -cf - -T /dev/null"]
    )
    found = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            for member in archive.getmembers():
                file = archive.extractfile(member) if member.isfile() else None
                if file and member.name.endswith(SUFFIX):
                    found[Path(member.name).name] = file.read()
    except (tarfile.TarError, EOFError) as error:
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
        index = msgspec.json.decode((folder / INDEX).read_bytes(), type=Index)
    except FileNotFoundError:
        raise Unreadable(
            f"its bench does not run, and no recording of it was kept in {folder}",
            hint="`infralab replay` keeps one while the bench runs, `infralab down` at its end.",
        ) from None
    except (OSError, ValueError) as error:
        raise _damaged(folder / INDEX, str(error)) from error
    found = {}
    for name, its in index.files.items():
        try:
            found[name] = (folder / name).read_bytes()
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
