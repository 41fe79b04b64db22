"""The control groups that a step or a learner made, and the way to take one away.

Keys are `cgroup/<path>`, the path from the top of the trees. A group is known by its path alone:
its limits and counters change by themselves, and none is there before a learner makes it.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from lab_engine.errors import ProviderError
from lab_engine.families.cgroups.agent import trees

_SECONDS: Final = 3.0


def entries() -> dict[str, str]:
    """Every group made by hand, key to fingerprint."""
    return {f"cgroup{path}": "group" for path in trees.groups()}


def remove(key: str) -> None:
    """End what is in a group and below it, and take it away. Absent is no error.

    Raises ProviderError when it stays.
    """
    path = key.removeprefix("cgroup")
    found = {one: folders for one, folders in trees.groups().items() if _within(one, path)}
    deadline = time.monotonic() + _SECONDS
    # Those below first: a group that has groups is not empty (cgroups(7)).
    left = [folder for _, its in sorted(found.items(), reverse=True) for folder in its.values()]
    while left:
        for folder in left:
            _end(folder)
        left = [folder for folder in left if not _gone(folder)]
        if left and time.monotonic() > deadline:
            raise ProviderError(
                f"{left[0]} cannot be taken away: processes are in it, and do not end", resource=key
            )
        if left:
            time.sleep(0.02)


def _within(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")


def _end(folder: Path) -> None:
    # With cgroup v1 what is frozen does not even end by SIGKILL.
    for name, text in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
        if (folder / name).exists():
            with suppress(OSError):
                (folder / name).write_text(text)
    for pid in trees.members(folder):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _gone(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
