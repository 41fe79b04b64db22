"""The learner's files of a step, put away under a name of their own before the step goes.

What lies in the home folder beside the work folder stays where it is. What lies in the work folder,
in a folder of the step or outside the home is found again below the folder that this makes.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks, watched
from lab_engine.families.files.agent.watched import ATTRIBUTES, HOME, WORK, Entry

OUTSIDE: Final = "outside"
"""Below it, what lay outside the home folder, with its whole path."""
OWNER: Final = "learner"


def put_away(pristine: Path, step: Path, name: str) -> list[str]:
    """Keep what the learner made or changed since both snapshots below `~/NAME`.

    A name that is taken gets a number. Returns the new paths, the folder first; nothing when there
    was nothing to keep. Nothing is removed. Raises ProviderError when there is no room.
    """
    now = dict(watched.entries())
    bare = watched.load(pristine)
    start = watched.load(step) if step.exists() else bare
    mine = [
        path
        for path, entry in now.items()
        if entry.kind in ("file", "link")
        and not stays(path, now)
        and _differs(entry, bare.get(path))
        and _differs(entry, start.get(path))
    ]
    if not mine:
        return []
    folder = _free(name)
    kept = [str(folder)]
    try:
        for path in mine:
            target = folder / _place(path)
            _make_folders(target.parent)
            _keep(path, target, linked=path not in bare)
            kept.append(str(target))
    except OSError as error:
        raise ProviderError(
            f"{error.filename or folder} cannot be kept: {error.strerror}",
            hint="`df -h` in the bench shows whether its disk is full. Nothing was removed.",
        ) from error
    return kept


def stays(path: str, now: dict[str, Entry]) -> bool:
    """Whether a change of step leaves a path alone: in the home folder, and not in the step's."""
    if not path.startswith(f"{HOME}/") or path == WORK or path.startswith(f"{WORK}/"):
        return False
    above = [str(folder) for folder in Path(path).parents]
    ours = (now[one].marks for one in (path, *above) if one in now)
    return not any(name.startswith(ATTRIBUTES) for names in ours for name in names)


def _differs(entry: Entry, before: Entry | None) -> bool:
    return before is None or watched.comparable(before).fingerprint() != entry.fingerprint()


def _place(path: str) -> Path:
    for root in (WORK, HOME):
        if path.startswith(f"{root}/"):
            return Path(path).relative_to(root)
    return Path(OUTSIDE, path.lstrip("/"))


def _free(name: str) -> Path:
    names = (name, *(f"{name}-{number}" for number in range(2, 10_000)))
    return next(folder for one in names if not os.path.lexists(folder := Path(HOME, one)))


def _make_folders(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        os.chown(one, *marks.ids(OWNER))


def _keep(path: str, target: Path, *, linked: bool) -> None:
    """A second name costs no room; what is written back in place later needs a copy instead."""
    if linked:
        try:
            os.link(path, target, follow_symlinks=False)
        except OSError:
            linked = False
    if not linked:
        shutil.copy2(path, target, follow_symlinks=False)
        about = Path(path).lstat()
        os.chown(target, about.st_uid, about.st_gid, follow_symlinks=False)
