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
from lab_engine.families import machinery
from lab_engine.families.cgroups.agent import trees
from lab_engine.kernel import processes

_SECONDS: Final = 3.0


def entries() -> dict[str, str]:
    """Every group made by hand, key to fingerprint."""
    return {f"cgroup{path}": "group" for path in trees.groups()}


def remove(key: str) -> None:
    """End what is in a group and below it, and take it away. Absent is no error.

    What the bench itself runs goes back to where it was: `echo 6 > cgroup.procs` for `pids.max` is
    soon typed, and to end the agent or an init would end the bench. Raises ProviderError when the
    group stays.
    """
    path = key.removeprefix("cgroup")
    found = {one: folders for one, folders in trees.groups().items() if _within(one, path)}
    deadline = time.monotonic() + _SECONDS
    # Those below first: a group that has groups is not empty (cgroups(7)).
    left = [place for _, its in sorted(found.items(), reverse=True) for place in its.items()]
    while left:
        for tree, folder in left:
            _empty(folder, _home(Path(tree)))
        left = [(tree, folder) for tree, folder in left if not _gone(folder)]
        if left and time.monotonic() > deadline:
            raise ProviderError(
                f"{left[0][1]} cannot be taken away: processes are in it, and do not end",
                resource=key,
            )
        if left:
            time.sleep(0.02)


def _within(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")


def _home(tree: Path) -> Path:
    """The group of the bench's own processes: with cgroup v2 a leaf, else the top."""
    leaf = tree / "bench"
    return leaf if leaf.is_dir() else tree


def _empty(folder: Path, home: Path) -> None:
    # With cgroup v1 what is frozen does not even end by SIGKILL.
    for name, text in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
        if (folder / name).exists():
            with suppress(OSError):
                (folder / name).write_text(text)
    members = trees.members(folder)
    kept = machinery.pids(processes.every()) if members else set()
    for pid in members:
        with suppress(OSError):
            if pid in kept and _is_outside_of_containers(pid):
                (home / "cgroup.procs").write_text(str(pid))
            else:
                os.kill(pid, signal.SIGKILL)


def _is_outside_of_containers(pid: int) -> bool:
    """What a daemon runs for the learner is its machinery, too, but made anew from its image."""
    return Path(f"/proc/{pid}/ns/mnt").readlink() == Path("/proc/1/ns/mnt").readlink()


def _gone(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
