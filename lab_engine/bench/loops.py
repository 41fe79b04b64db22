"""Loop devices: the block of numbers that each bench has, and those that outlived their bench.

A block is in use while a container or a volume has its label. Nobody hands blocks out: whoever
makes a bench takes one, and looks again whether it is alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from lab_engine.bench import engine, tool
from lab_engine.errors import BenchError

LABEL: Final = "infralab.loops"
FIRST: Final = 1024
"""Above the numbers that a host gives out by itself, which are the lowest that are free."""
SIZE: Final = 32
BLOCKS: Final = 128

STATE: Final = "-state"
PREFIX: Final = "infralab-"
ROOT: Final = "/state"
# The kernel shows `loop/backing_file` only while a file is attached (drivers/block/loop.c).
SCAN: Final = """
for folder in "$@"; do
    for number in $(cat "$folder/loops" 2> /dev/null); do
        [ ! -e "/sys/block/loop$number/loop/backing_file" ] || echo "${folder##*/} loop$number"
    done
done
"""
DETACH: Final = """
name=$2
for number in $(cat "$1/loops" 2> /dev/null); do
    [ "$name" = all ] || [ "$name" = "loop$number" ] || continue
    [ -e "/sys/block/loop$number/loop/backing_file" ] || continue
    mknod "/dev/loop$number" b 7 "$number"
    losetup -d "/dev/loop$number" || exit
done
"""
"""Scripts, so that any bench image will do, also one of another version."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A loop device that a bench without a container left attached."""

    session: str
    device: str


def choose(client: Any, *, retry: bool = False) -> str:
    """A block that nothing has, as `FIRST-LAST`: the lowest, or any one after a collision.

    Raises BenchError when every block is taken.
    """
    taken = {block for block, _ in _in_use(client)}
    starts = range(FIRST, FIRST + SIZE * BLOCKS, SIZE)
    free = [block for n in starts if (block := f"{n}-{n + SIZE - 1}") not in taken]
    if not free:
        raise BenchError(
            f"all {BLOCKS} blocks of loop devices belong to benches",
            hint="`infralab gc --dry-run` shows whose they are; `infralab gc` removes what is left "
            "of old ones.",
        )
    # Two that collided would both take the lowest again.
    return random.choice(free) if retry else free[0]


def alone(client: Any, session: str, block: str) -> bool:
    """Whether no other session has the block. Of two that took one at once, both may hear no."""
    return all(whose == session for what, whose in _in_use(client) if what == block)


def rules(block: str) -> list[str]:
    """The device rules of a block: no other loop device can be opened, and no loop-control."""
    first, last = (int(word) for word in block.split("-"))
    # No `w` for the last one: it is held with an empty file, so that nothing else takes it
    # (inside/nodes.py).
    return [f"b 7:{number} rwm" for number in range(first, last)] + [f"b 7:{last} rm"]


def orphans(client: Any, benches: Set[str]) -> list[Orphan]:
    """Loop devices of sessions that have a state volume but no bench any more.

    Raises BenchError when the engine does not do it.
    """
    with engine.explain("looking for state volumes"):
        found = client.api.volumes(filters={"label": LABEL}).get("Volumes") or []
    sessions = [
        volume["Labels"]["infralab.session"]
        for volume in found
        if volume["Name"].endswith(STATE) and volume["Labels"]["infralab.session"] not in benches
    ]
    if not sessions:
        return []
    output = _run(client, SCAN, sessions)
    return [Orphan(*line.split()) for line in output.decode().splitlines()]


def detach(client: Any, session: str, device: str = "all") -> None:
    """Detach one loop device of a session, or all of them. Raises BenchError."""
    _run(client, DETACH, [session], device)


def _in_use(client: Any) -> Iterable[tuple[str, str]]:
    """Pairs of a block and the session that has it."""
    with engine.explain("looking who has which loop devices"):
        containers = client.api.containers(all=True, filters={"label": LABEL})
        volumes = client.api.volumes(filters={"label": LABEL}).get("Volumes") or []
    for thing in (*containers, *volumes):
        yield thing["Labels"][LABEL], thing["Labels"].get("infralab.session", "")


def _run(client: Any, script: str, sessions: Sequence[str], *words: str) -> bytes:
    folders = [f"{ROOT}/{session}" for session in sessions]
    names = [f"{PREFIX}{session}{STATE}" for session in sessions]
    return tool.run(
        client,
        "looking after loop devices",
        ("sh", "-c", script, "sh", *folders, *words),
        binds=[f"{name}:{folder}:ro" for name, folder in zip(names, folders, strict=True)],
        capabilities=("SYS_ADMIN", "MKNOD", "DAC_OVERRIDE"),
        rules=("b 7:* rwm",),
    )
