"""Limits of control groups, the same for cgroup v1 and v2 (cgroups(7))."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.families.files.probes import CgroupProbe, CgroupReading
from lab_engine.kernel import mountinfo, proc

CONTROLLERS: Final = ("memory", "cpu", "cpuset", "pids", "freezer")
NO_LIMIT: Final = 1 << 60
"""cgroup v1 writes "no limit" as the largest number of whole pages."""
V1_SHARES: Final = 1024


def _folders(probe: CgroupProbe) -> dict[str, Path]:
    """Controller (or `unified`) to folder, of those hierarchies that are mounted here."""
    entries = [entry for entry in mountinfo.mounts() if entry.fstype in ("cgroup", "cgroup2")]
    within: dict[str, str] = {}
    if not probe.path:
        text = proc.read_text(f"{probe.pid or proc.own()}/cgroup")
        for line in text.splitlines():
            _, controllers, path = line.split(":", 2)
            for controller in controllers.split(","):
                # The line of v2 names no controller (cgroups(7)).
                within[controller or "unified"] = path
    found: dict[str, Path] = {}
    for entry in entries:
        names = ("unified",) if entry.fstype == "cgroup2" else CONTROLLERS
        for name in names:
            if name != "unified" and name not in entry.super_options:
                continue
            path = probe.path or within.get(name, "")
            if not path:
                continue
            # Where a part of the hierarchy is mounted, paths are still told from its top.
            if not probe.path and entry.root != "/":
                path = path.removeprefix(entry.root)
            folder = Path(entry.target) / path.lstrip("/")
            if folder.is_dir():
                found[name] = folder
    return found


def _text(folder: Path | None, name: str) -> str:
    if folder is None:
        return ""
    try:
        return (folder / name).read_text().strip()
    except OSError:
        return ""


def _number(folder: Path | None, name: str) -> int | None:
    """The number in a file; None for "max", for no limit, and where there is no such file."""
    text = _text(folder, name)
    if not text.lstrip("-").isdecimal():
        return None
    return int(text) if 0 <= int(text) < NO_LIMIT else None


def _table(folder: Path | None, name: str) -> dict[str, int]:
    pairs = (line.split() for line in _text(folder, name).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


def thaw(pid: int) -> None:
    """Let go of a process that its group, or one above that, holds frozen. Gone is no error.

    With cgroup v1 what is frozen hears no signal, not even the last one.
    """
    with suppress(OSError):
        folder = _folders(CgroupProbe(pid=pid)).get("freezer")
        # The top of the tree cannot be frozen, and has no such file.
        while folder is not None and (state := folder / "freezer.state").exists():
            if state.read_text().strip() != "THAWED":
                state.write_text("THAWED")
            folder = folder.parent


def read_cgroup(probe: CgroupProbe) -> CgroupReading:
    try:
        folders = _folders(probe)
    except (FileNotFoundError, ProcessLookupError):
        return CgroupReading(exists=False)
    if not folders:
        return CgroupReading(exists=False)
    paths = {name: str(folder) for name, folder in folders.items()}
    # In a mixed set-up the controllers are in v1 and the unified tree has no limits.
    if set(folders) - {"unified"}:
        reading = _version_1(folders, paths)
    else:
        reading = _version_2(folders["unified"], paths)
    try:
        inodes = {name: folder.stat().st_ino for name, folder in folders.items()}
    except FileNotFoundError:
        return CgroupReading(exists=False)
    return msgspec.structs.replace(reading, inodes=inodes)


def _version_1(folders: dict[str, Path], paths: dict[str, str]) -> CgroupReading:
    memory, cpu = folders.get("memory"), folders.get("cpu")
    limit = _number(memory, "memory.limit_in_bytes")
    # v1 limits memory alone, and memory with swap; the difference is the swap.
    both = _number(memory, "memory.memsw.limit_in_bytes")
    quota, period = _number(cpu, "cpu.cfs_quota_us"), _number(cpu, "cpu.cfs_period_us")
    shares = _number(cpu, "cpu.shares") or V1_SHARES
    return CgroupReading(
        version=1,
        paths=paths,
        memory=limit,
        memory_used=_number(memory, "memory.usage_in_bytes") or 0,
        swap=both - limit if both is not None and limit is not None else None,
        cpus=quota / period if quota and period else None,
        # On the scale of v2, where 100 is what nobody has changed.
        cpu_weight=max(1, round(shares * 100 / V1_SHARES)),
        cpuset=_text(folders.get("cpuset"), "cpuset.cpus"),
        pids=_number(folders.get("pids"), "pids.max"),
        pids_used=_number(folders.get("pids"), "pids.current") or 0,
        frozen=_text(folders.get("freezer"), "freezer.state") == "FROZEN",
        throttled=_table(cpu, "cpu.stat").get("nr_throttled", 0),
        oom_kills=_table(memory, "memory.oom_control").get("oom_kill", 0),
        refused=_table(folders.get("pids"), "pids.events").get("max", 0),
    )


def _version_2(folder: Path, paths: dict[str, str]) -> CgroupReading:
    quota, _, period = _text(folder, "cpu.max").partition(" ")
    return CgroupReading(
        version=2,
        paths=paths,
        memory=_number(folder, "memory.max"),
        memory_used=_number(folder, "memory.current") or 0,
        swap=_number(folder, "memory.swap.max"),
        cpus=int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else None,
        cpu_weight=_number(folder, "cpu.weight") or 100,
        cpuset=_text(folder, "cpuset.cpus"),
        pids=_number(folder, "pids.max"),
        pids_used=_number(folder, "pids.current") or 0,
        frozen=_table(folder, "cgroup.events").get("frozen", 0) == 1,
        throttled=_table(folder, "cpu.stat").get("nr_throttled", 0),
        oom_kills=_table(folder, "memory.events").get("oom_kill", 0),
        refused=_table(folder, "pids.events").get("max", 0),
    )
