"""Statements about control groups that a lab can require, of either version (client side)."""

from __future__ import annotations

from typing import Final

from lab_engine.common.evidence import See, require
from lab_engine.common.growing import require_grown
from lab_engine.families.files.probes import CgroupProbe, CgroupReading

_TREE: Final = "/sys/fs/cgroup"
_COUNTERS: Final = {
    "memory": ("oom_kills", "ended a process for its memory"),
    "pids": ("refused", "refused a process that was to be started"),
    "cpu": ("throttled", "held a process back from the processor"),
}
_LIMITS: Final[dict[int, dict[str, tuple[str, ...]]]] = {
    1: {
        "memory": ("memory.limit_in_bytes",),
        "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us"),
        "pids": ("pids.max",),
    },
    2: {"memory": ("memory.max",), "cpu": ("cpu.max",), "pids": ("pids.max",)},
}
"""The files of a limit, by version and controller."""


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
        # Deep enough for the groups of version 1, which lie in the folders of its controllers.
        look=f"find {_TREE} -maxdepth 2 -type d",
    )
    limits = {"memory": found.memory, "cpu": found.cpus, "pids": found.pids}
    for name in needed:
        require(
            limits[name] is not None,
            "no-limit",
            expected=f"The group {path} has a limit for {name}.",
            observed="It has none.",
            look=_limit(found, name),
        )
    require(
        memory in (None, found.memory),
        "other-memory",
        expected=f"The group {path} may have {memory} bytes of memory.",
        observed=f"It may have {found.memory}.",
        look=_limit(found, "memory"),
    )
    require(
        cpus is None or (found.cpus is not None and abs(found.cpus - cpus) < 0.001),
        "other-cpus",
        expected=f"The group {path} may have {cpus:g} of a processor's time."
        if cpus is not None
        else "",
        observed=f"It may have {found.cpus or 0:g}.",
        look=_limit(found, "cpu"),
    )
    require(
        pids in (None, found.pids),
        "other-pids",
        expected=f"The group {path} may have {pids} processes.",
        observed=f"It may have {found.pids}.",
        look=_limit(found, "pids"),
    )
    return found


def _limit(found: CgroupReading, controller: str) -> str:
    """The command that shows a limit: with version 1 each lies in the tree of its controller."""
    folder = found.paths.get(controller, found.paths.get("unified", _TREE))
    files = _LIMITS.get(found.version, _LIMITS[2])[controller]
    return f"grep -H . {' '.join(f'{folder}/{name}' for name in files)} || true"


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
    name, did = _COUNTERS[by]
    found: CgroupReading = await require_grown(
        see,
        CgroupProbe(path=path),
        lambda one: float(getattr(one, name)),
        what=f"times that the limit of the group {path} {did}",
        wanted=f"Since this step began, the limit of the group {path} {did}.",
        found="It never did.",
        same=lambda one: one.inodes.get("unified" if one.version == 2 else by),
        look=f"cat {_TREE}{path}/*.events {_TREE}/{by}{path}/*.{{events,oom_control,stat}} "
        "2>/dev/null || true",
    )
    return found
