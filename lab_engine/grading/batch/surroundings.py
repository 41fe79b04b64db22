"""What of the bench's own programs was changed while a session was done again.

By the engine's list of changed files and not by anything in the bench: whoever replaced a program
there could have replaced what looks, too. Source: Engine API, "Get changes on a container's
filesystem".
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from lab_engine.bench import engine
from lab_engine.bench.container import Bench

PRELOAD: Final = ("/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/")
OURS: Final = ("/opt/infralab/", "/usr/lib/infralab/")
PROGRAMS: Final = ("/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/")
LIBRARIES: Final = ("/usr/lib/", "/lib/", "/lib64/")
BEFORE: Final = ("/usr/local/bin/", "/usr/local/sbin/")
"""First in PATH: a program there stands in for that of the same name."""
_CHANGED, _ADDED, _DELETED = 0, 1, 2
MOST: Final = 20


class Change(NamedTuple):
    """A path in the bench, and the engine's word for it: 0 changed, 1 added, 2 deleted."""

    path: str
    kind: int


class Changed(NamedTuple):
    """`grave` is what a check could be deceived with, `noted` what else an instructor may see."""

    grave: tuple[str, ...]
    noted: tuple[str, ...]


def changes(bench: Bench) -> list[Change]:
    """Raises BenchError."""
    client: Any = engine.connect()
    with engine.explain(f"listing what was changed in the bench {bench.name}"):
        found = client.api.diff(bench.id) or []
    return [Change(str(one["Path"]), int(one["Kind"])) for one in found]


def judge(before: list[Change], after: list[Change]) -> Changed:
    """What the session changed: not what was so when its bench had been prepared."""
    new = sorted(set(after) - set(before))
    # Of a changed folder only its content is of interest.
    folders = {one.path.rpartition("/")[0] for one in after}
    grave: list[str] = []
    noted: list[str] = []
    for path, kind in new:
        if path in folders:
            continue
        if "__pycache__" in path and not (path.startswith(OURS) and kind == _CHANGED):
            # Python writes one where there is none. Ours are all in the image, so who changes one
            # of them changes what the agent runs.
            continue
        word = {_CHANGED: "changed", _ADDED: "added", _DELETED: "deleted"}.get(kind, "changed")
        if path.startswith((*OURS, *PRELOAD)):
            grave.append(f"{path} was {word}")
        elif path.startswith((*PROGRAMS, *LIBRARIES)):
            (noted if kind == _ADDED else grave).append(f"{path} was {word}")
        elif path.startswith(BEFORE):
            noted.append(f"{path} was {word}")
    return Changed(tuple(grave[:MOST]), tuple(noted[:MOST]))
