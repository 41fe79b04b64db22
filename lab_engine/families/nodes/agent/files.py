"""What was written on a node's own disk beside its engine: told, and taken away."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from lab_engine.families.docker.agent.engine import WORK_SECONDS, Api, asking
from lab_engine.families.nodes.agent import at, skeleton

_CHANGED, _ADDED = 0, 1
"""Kinds of a change (Engine API, ContainerChanges)."""
_ITS_OWN: Final = (
    "/opt/containerd",
    "/usr/sbin/docker-init",
    "/var/log/dockerd.log",
    # What a shell remembers is nobody's work.
    "/root/.bash_history",
)
"""What is written there without anybody's doing."""
_ALTOGETHER: Final = 1000
"""Arguments of one command."""


def entries(name: str) -> tuple[str, ...]:
    """Each path that is not as in the image of nodes, with a word before it.

    Folders that are known to have something else in them are left out. Raises DaemonDown, Silent.
    """
    folders = skeleton.folders()
    found = []
    with asking(f"look at the disk of the node {name}") as api:
        for one in api.diff(name) or ():
            kind, path = one["Kind"], one["Path"]
            its_own = any(f"{path}/".startswith(f"{own}/") for own in _ITS_OWN)
            home = any(own.startswith(f"{path}/") for own in _ITS_OWN)
            if not its_own and not home and not (kind == _CHANGED and path in folders):
                word = {_CHANGED: "changed", _ADDED: "added"}.get(kind, "gone")
                found.append(f"{word} {path}")
    # In memory, so that the engine does not tell of it.
    with suppress(OSError):
        disk = Path(f"/proc/{at.pid(name)}/root/tmp")
        found += [f"added /tmp/{one.name}" for one in disk.iterdir()]
    return tuple(sorted(found))


def clear(name: str, wanted: tuple[str, ...]) -> None:
    """Take away what was added since. What was changed, or is gone, stays so."""
    added = [one.partition(" ")[2] for one in entries(name) if one.startswith("added ")]
    known = {one.partition(" ")[2] for one in wanted}
    new = [path for path in added if path not in known]
    whole = [one for one in new if not {str(up) for up in PurePosixPath(one).parents} & {*new}]
    with asking(f"clear the disk of the node {name}", seconds=WORK_SECONDS) as api:
        for first in range(0, len(whole), _ALTOGETHER):
            _removed(api, name, whole[first : first + _ALTOGETHER])


def _removed(api: Api, name: str, paths: list[str]) -> None:
    # Within the node: seen from the bench, a link in the middle of a path would lead out of it.
    # Its programs are the bench's, which nobody can change from there.
    made = api.exec_create(name, ["/usr/bin/rm", "-rf", "--", *paths], user="root")
    api.exec_start(made["Id"])
