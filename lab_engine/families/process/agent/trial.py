"""Runs a copy of a learner's program within limits, as the learner (agent side)."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from lab_engine.common import ordinary
from lab_engine.common.probe import Probe
from lab_engine.families.process.agent import confined
from lab_engine.families.process.agent.confined import ENTRIES, WHOLE, TooLarge
from lab_engine.families.process.probes import TrialProbe, TrialReading

MADE: Final = 64 << 10


def trial(probe: TrialProbe) -> TrialReading:
    folder = Path(tempfile.mkdtemp(prefix="trial-", dir="/tmp"))
    try:
        try:
            program = _copy(Path(probe.path), folder, probe)
        except FileNotFoundError:
            return TrialReading(exists=False)
        except TooLarge:
            return TrialReading(ran=False, why=f"it is larger than {WHOLE >> 20} MiB")
        except OSError as error:
            return TrialReading(ran=False, why=error.strerror or str(error))
        if not os.path.lexists(program):
            return TrialReading(exists=False, why="" if probe.program else "It is a folder.")
        for name, text in probe.files.items():
            _put(folder, name, text)
        confined.hand_over(folder)
        before = _state(folder)
        found = confined.run(
            [str(program), *probe.args],
            folder,
            seconds=probe.seconds,
            memory=probe.memory,
            limit=probe.limit,
            stdin=probe.stdin,
            environment=probe.environment,
        )
        if found.why:
            why = found.why.removeprefix(f"failed to execute {program}: ")
            return TrialReading(ran=False, why=why, code=found.code)
        return TrialReading(
            code=found.code,
            out=found.out,
            err=found.err.replace(f"{folder}/", ""),
            timed_out=found.timed_out,
            cut=found.cut,
            made=_made(folder, before),
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(path: Path, folder: Path, probe: TrialProbe) -> Path:
    """Copy the file or the folder; returns the program's copy. Raises OSError or TooLarge."""
    if not path.is_dir():
        program = folder / path.name
        program.write_bytes(ordinary.read(path, WHOLE))
        program.chmod(stat.S_IMODE(path.stat().st_mode) & 0o777)
        return program
    confined.copy_folder(path, folder)
    return folder / (probe.program or "run")


def _put(folder: Path, name: str, text: str) -> None:
    """Write a file of the check's into the folder. Raises OSError."""
    at = folder
    for part in PurePosixPath(name).parts:
        at /= part
        # A link that was copied could lead this hand, which is root's, to any file.
        if at.is_symlink():
            at.unlink()
    at.parent.mkdir(parents=True, exist_ok=True)
    at.write_text(text, encoding="utf-8")


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in _files(folder):
        about = path.lstat()
        found[str(path.relative_to(folder))] = (about.st_mtime_ns, about.st_size)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for at, (there, _, names) in enumerate(os.walk(folder)):
        if at > ENTRIES:
            return
        for name in names[:ENTRIES]:
            path = Path(there) / name
            with suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path


def _made(folder: Path, before: dict[str, tuple[int, int]]) -> dict[str, str]:
    made: dict[str, str] = {}
    for path in _files(folder):
        name = str(path.relative_to(folder))
        about = path.lstat()
        if before.get(name) != (about.st_mtime_ns, about.st_size) and about.st_size <= MADE:
            with suppress(OSError):
                made[name] = ordinary.read(path, MADE).decode(errors="replace")
        if len(made) >= 100:
            break
    return made


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {TrialProbe: trial}
