"""The folders in which lessons put files, and a walk over them that stays inside."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from lab_engine.common.paths import WATCHED
from lab_engine.kernel import mountinfo

ENTRY_LIMIT = 50_000


def crossable(entries: Iterable[mountinfo.MountEntry]) -> tuple[set[str], set[str]]:
    """Mount points that a walk may enter, and all of them.

    Only a whole tmpfs is entered: it holds files that are nowhere else. A bind mount shows files
    that are reached by their own path too, and a filesystem on a disk may be large.
    """
    every: dict[str, bool] = {}
    for entry in entries:
        # A later mount at the same place covers an earlier one, so the last word counts.
        every[entry.target] = entry.fstype == "tmpfs" and entry.root == "/"
    return {target for target, whole in every.items() if whole}, set(every)


def walk(
    roots: Iterable[str] = WATCHED, without: Container[str] = ()
) -> Iterator[os.DirEntry[str]]:
    """Everything below `roots`, folders before what is in them; links are not followed.

    Paths that are `without` are left out, with all below them. What vanishes meanwhile is
    left out, too. Ends after ENTRY_LIMIT entries.
    """
    enter, points = crossable(mountinfo.mounts())
    seen = 0
    waiting = [root for root in roots if Path(root).is_dir() and not Path(root).is_symlink()]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.path in without:
                continue
            seen += 1
            if seen > ENTRY_LIMIT:
                return
            yield entry
            closed = entry.path in points and entry.path not in enter
            if entry.is_dir(follow_symlinks=False) and not closed:
                waiting.append(entry.path)
