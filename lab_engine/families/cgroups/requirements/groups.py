"""Statements about control groups that a lab can require, of either version (client side)."""

from __future__ import annotations

from typing import Final

from lab_engine.common.evidence import See, require
from lab_engine.common.growing import require_grown
from lab_engine.families.files.probes import CgroupProbe, CgroupReading

_TREE: Final = "/sys/fs/cgroup"
_COUNTERS: Final = {
    "memory": ("oom_kills", "processes ended by its memory limit"),
    "pids": ("refused", "processes that its limit let nobody start"),
    "cpu": ("throttled", "periods in which its processor limit held it back"),
}


async def require_group(
    see: See,
    path: str,
    *,
    pid: int = 0,
    memory: int | None = None,
    cpus: float | None = None,
    pids: int | None = None,
) -> CgroupReading:
    """A control group is there, with exactly these limits, as the kernel has them. One round trip.

        await require_group(see, "/lab", memory=64 << 20, pids=20)

    With cgroup v1 a group is there for each controller by itself: only those that are asked for
    must have it.

    Reasons: `no-group`, `no-limit`, `other-memory`, `other-cpus`, `other-pids`.

    Args:
        see: the check's way to ask.
        path: from the top of the tree, with a slash; what it is called in sentences, with `pid`.
        pid: a process whose group it is, wherever that is; 0 for the group at the path.
        memory: bytes; None for any.
        cpus: how many processors' time; None for any.
        pids: processes and threads; None for any.
    """
    found = await see(CgroupProbe(pid=pid) if pid else CgroupProbe(path=path))
    needed = [
        name for name, one in (("memory", memory), ("cpu", cpus), ("pids", pids)) if one is not None
    ]
    missing = [] if found.version == 2 else [one for one in needed if one not in found.paths]
    require(
        found.exists and not missing,
        "no-group",
        expected=f"There is a control group {path}.",
        observed=f"There is none for {missing[0]}."
        if found.exists and missing
        else "There is none.",
        look=f"ls -d {_TREE}/*",
    )
    folder = found.paths.get(needed[0] if needed else "", found.paths.get("unified", _TREE))
    limits = {"memory": found.memory, "cpu": found.cpus, "pids": found.pids}
    look = (
        f"head {folder}/{{memory.max,memory.limit_in_bytes,cpu.max,pids.max}} 2>/dev/null || true"
    )
    for name in needed:
        require(
            limits[name] is not None,
            "no-limit",
            expected=f"The group {path} has a limit for {name}.",
            observed="It has none.",
            look=look,
        )
    require(
        memory in (None, found.memory),
        "other-memory",
        expected=f"The group {path} may have {memory} bytes of memory.",
        observed=f"It may have {found.memory}.",
        look=look,
    )
    require(
        cpus is None or (found.cpus is not None and abs(found.cpus - cpus) < 0.001),
        "other-cpus",
        expected=f"The group {path} may have {cpus:g} of a processor's time."
        if cpus is not None
        else "",
        observed=f"It may have {found.cpus or 0:g}.",
        look=look,
    )
    require(
        pids in (None, found.pids),
        "other-pids",
        expected=f"The group {path} may have {pids} processes.",
        observed=f"It may have {found.pids}.",
        look=look,
    )
    return found


async def require_in_group(see: See, pid: int, path: str, controller: str) -> CgroupReading:
    """A process is in this control group, as its own `/proc/PID/cgroup` says. One round trip.

        await require_in_group(see, v.pid, "/lab", "memory")

    Reasons: `other-group`.

    Args:
        see: the check's way to ask.
        pid: the process.
        path: of the group, from the top of the tree.
        controller: whose tree counts with cgroup v1: `memory`, `cpu`, `pids`, ...
    """
    found = await see(CgroupProbe(pid=pid))
    folder = found.paths.get("unified" if found.version == 2 else controller, "")
    require(
        folder.endswith(f"{_TREE}{path}")
        or (
            folder.startswith(_TREE) and folder.partition(f"/{controller}/")[2] == path.lstrip("/")
        ),
        "other-group",
        expected=f"Process {pid} is in the group {path}.",
        observed=f"For {controller} it is in {folder or 'none'}.",
        look=f"cat /proc/{pid}/cgroup",
    )
    return found


async def require_held_back(see: See, path: str, by: str) -> CgroupReading:
    """A limit of a control group did its work since the step began. One round trip.

        await require_held_back(see, "/lab", "memory")

    By the group's own counter: what somebody killed by hand does not count, nor what another
    group's limit ended. A group that was removed and made anew counts from 0.

    Reasons: `not-grown`.

    Args:
        see: the check's way to ask.
        path: of the group, from the top of the tree.
        by: `memory`, which ends a process; `pids`, which lets none be started; or `cpu`.
    """
    name, what = _COUNTERS[by]
    found: CgroupReading = await require_grown(
        see,
        CgroupProbe(path=path),
        lambda one: float(getattr(one, name)),
        what=what,
        same=lambda one: one.inodes.get("unified" if one.version == 2 else by),
        look=f"cat {_TREE}{path}/*.events {_TREE}/{by}{path}/*.{{events,oom_control,stat}} "
        "2>/dev/null || true",
    )
    return found
