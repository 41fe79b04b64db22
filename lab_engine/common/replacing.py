"""Files and folders that appear whole or not at all: written beside their place, then renamed.

`lab_engine.inside.writer` has a copy of the idea, since the programs in there stand alone.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Put `data` into the file at `path`; see `file`."""
    with file(path, durable=durable) as fresh:
        fresh.write_bytes(data)


@contextmanager
def file(path: Path, *, fresh: Path | None = None, durable: bool = False) -> Iterator[Path]:
    """Give a path to write to; the file there takes its place when the block ends well.

    The mode of a file that is replaced is kept. When the block fails, nothing has changed.

    Args:
        path: where the file belongs.
        fresh: where it is written, on the same filesystem; else a hidden name beside `path` that
            no other process uses.
        durable: also after a loss of power it is the old file or the new one, whole. Costs two
            waits for the disk, so it is for what cannot be made again.

    Raises:
        OSError: it cannot be written, or not be put in its place.
    """
    fresh = fresh or path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield fresh
        with suppress(FileNotFoundError):
            fresh.chmod(stat.S_IMODE(path.stat().st_mode))
        if durable:
            # Content before name: else a loss of power may leave the name with nothing behind it.
            _to_disk(fresh)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    if durable:
        # The new name is in the folder, which is written on its own (fsync(2)).
        _to_disk(path.parent)


@contextmanager
def folder(path: Path, *, mode: int = 0o777) -> Iterator[Path]:
    """Give an empty folder `NAME.new` to fill; it takes its place when the block ends well.

    What a killed process left there is removed first. One writer at a time: a folder with
    something in it cannot be replaced in one step (rename(2)), so the old one is removed before.

    Raises:
        OSError: it cannot be made, or not be put in its place.
    """
    fresh = path.with_name(f"{path.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(mode=mode, parents=True)
        yield fresh
        shutil.rmtree(path, ignore_errors=True)
        fresh.replace(path)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
