"""Statements about processes that a lab can require (client side)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab_engine.common.evidence import See, require
from lab_engine.families.netlink.probes.namespaces import (
    Inhabitant,
    InhabitantsProbe,
    InhabitantsReading,
)

MULTI_CALL = frozenset({"busybox", "coreutils", "toybox"})
"""Programs that are many commands at once, and learn which one they are from their name."""


async def require_process(
    see: See,
    argv: Sequence[str],
    *,
    apart: Collection[str] = (),
    shared: Collection[str] = (),
    inner_uid: int | None = None,
    inner_pid: int | None = None,
) -> tuple[Inhabitant, InhabitantsReading]:
    """A process really runs this command, in namespaces as described. One round trip.

        sleeper, _ = await require_process(see, ["sleep", "300"], apart=["pid", "mnt"])

    By the file that it runs, not by the name that it goes by: `exec -a sleep python3` is no sleep.
    Of several that fit, the one that comes furthest counts.

    Reasons: `not-running`, `other-program`, `not-apart`, `not-shared`, `other-user`, `not-first`.

    Args:
        see: the check's way to ask.
        argv: the whole command line; the program may be called by any path.
        apart: the kinds of namespace (`net`, `pid`, ...) that it must not share with the bench.
        shared: the kinds that it must share with the bench.
        inner_uid: the user that it is in its own user namespace, by that namespace's map.
        inner_pid: the number that it has in its own pid namespace.
    """
    command = " ".join(argv)
    seen = await see(InhabitantsProbe(tuple(argv)))
    require(
        seen.processes,
        "not-running",
        expected=f"A process `{command}` runs.",
        observed="There is none.",
        look="ps -eo pid,user,args",
    )
    real = [one for one in seen.processes if _runs(one, argv[0])]
    require(
        real,
        "other-program",
        expected=f"A process that really runs {argv[0]}.",
        observed=f"Process {seen.processes[0].pid} is called so, but runs {seen.processes[0].exe}.",
        look=f"sudo ls -l /proc/{seen.processes[0].pid}/exe",
    )
    fitting = [one for one in real if _is_apart(one, seen, apart)]
    nearest = max(fitting or real, key=lambda one: one.started)
    kinds = f"sudo lsns -p {nearest.pid}; sudo lsns -p $$"
    for kind in apart:
        require(
            nearest.namespaces.get(kind) != seen.bench.get(kind),
            "not-apart",
            expected=f"The process is in a {kind} namespace of its own.",
            observed=f"Process {nearest.pid} is in that of your shell.",
            look=kinds,
        )
    for kind in shared:
        require(
            nearest.namespaces.get(kind) == seen.bench.get(kind),
            "not-shared",
            expected=f"The process is in the same {kind} namespace as your shell.",
            observed=f"Process {nearest.pid} is in another one.",
            look=kinds,
        )
    require(
        inner_uid is None or nearest.inner_uid == inner_uid,
        "other-user",
        expected=f"In its own user namespace the process is user {inner_uid}.",
        observed=f"There process {nearest.pid} is user {nearest.inner_uid}.",
        look=f"cat /proc/{nearest.pid}/uid_map; ps -o pid,user,args {nearest.pid}",
    )
    require(
        inner_pid is None or nearest.inner_pid == inner_pid,
        "not-first",
        expected=f"The process has number {inner_pid} in its own pid namespace.",
        observed=f"There it has number {nearest.inner_pid}.",
        look=f"grep NSpid /proc/{nearest.pid}/status",
    )
    return nearest, seen


def _runs(process: Inhabitant, program: str) -> bool:
    """By the name of the file, which scripts and multi-call programs make no secret of."""
    # A file that was removed while it runs is told with a word behind its name (proc_pid_exe(5)).
    file = process.exe.removesuffix(" (deleted)").rpartition("/")[2]
    wanted = program.rpartition("/")[2]
    return file == wanted or file in MULTI_CALL


def _is_apart(process: Inhabitant, seen: InhabitantsReading, kinds: Collection[str]) -> bool:
    return all(process.namespaces.get(kind) != seen.bench.get(kind) for kind in kinds)
