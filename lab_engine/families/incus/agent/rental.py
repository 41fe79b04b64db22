"""Instances as Incus describes them, and as the kernel counts them: read in one look."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lab_engine.families.files.agent import cgroups
from lab_engine.families.files.probes import CgroupProbe, CgroupReading
from lab_engine.families.incus.agent.api import Api, RefusedError, path
from lab_engine.families.incus.probes import IncusInstanceReading

_NANO: Final = 1e9
_MICRO: Final = 1e6
_NEVER: Final = "0001-"
"""How Go writes a moment that never was."""


def described(api: Api, project: str, name: str) -> dict[str, Any] | None:
    """An instance with its state; None when there is none of exactly this name."""
    about: dict[str, Any] | None = api.find(path("instances", name, project=project))
    if about is None or about["name"] != name:
        return None
    with suppress(RefusedError):
        return about | {"state": api.find(path("instances", name, "state", project=project))}
    return about


def everything(api: Api) -> list[dict[str, Any]]:
    """All instances of all projects with their states, by project and name."""
    found: list[dict[str, Any]] = api.get(path("instances", recursion="2", all_projects="true"))
    return sorted(found, key=lambda one: (one["project"], one["name"]))


def moment(text: str) -> float:
    """Seconds since 1970; 0 for never.

    >>> moment("0001-01-01T00:00:00Z"), moment("1970-01-01T00:00:01.123456789Z")
    (0.0, 1.123456)
    """
    return 0.0 if text.startswith(_NEVER) or not text else datetime.fromisoformat(text).timestamp()


def reading(about: dict[str, Any]) -> IncusInstanceReading:
    state = about.get("state") or {}
    pid = state.get("pid") or 0
    group = cgroups.read_cgroup(CgroupProbe(pid=pid)) if pid > 0 else CgroupReading(exists=False)
    exact, ticks = _cpu(group)
    # In a list, one that cannot be looked at (status Error) has little but its name.
    devices = about.get("expanded_devices") or {}
    settings = about.get("config") or {}
    roots = [
        one["pool"] for one in devices.values() if one["type"] == "disk" and one.get("path") == "/"
    ]
    return IncusInstanceReading(
        name=about["name"],
        project=about["project"],
        uuid=settings.get("volatile.uuid", ""),
        type=about.get("type", ""),
        status=about["status"],
        image=settings.get("volatile.base_image", ""),
        pool=roots[0] if roots else "",
        profiles=tuple(about.get("profiles") or ()),
        config={
            key: value
            for key, value in (about.get("expanded_config") or {}).items()
            if not key.startswith("volatile.")
        },
        addresses=addresses(about),
        pid=max(pid, 0),
        pids=_pids(group),
        memory=group.memory,
        cpus=group.cpus,
        memory_used=group.memory_used,
        cpu_seconds=exact,
        cpu_ticks=ticks,
        created_at=moment(about.get("created_at", "")),
        started_at=moment(state.get("started_at", "")) if pid > 0 else 0.0,
    )


def addresses(about: dict[str, Any]) -> tuple[str, ...]:
    """Those at which others reach it, IPv4 first."""
    networks = (about.get("state") or {}).get("network") or {}
    found = [
        one["address"]
        for name, card in networks.items()
        if name != "lo"
        for one in card["addresses"] or ()
        if one["scope"] == "global"
    ]
    return tuple(sorted(found, key=lambda address: (":" in address, address)))


def _folder(group: CgroupReading, *names: str) -> Path | None:
    return next((Path(group.paths[name]) for name in names if name in group.paths), None)


def _pids(group: CgroupReading) -> tuple[int, ...]:
    folder = _folder(group, "memory", "unified")
    found: set[int] = set()
    # systemd in an instance makes groups below the one that Incus made.
    for file in folder.rglob("cgroup.procs") if folder else ():
        with suppress(OSError):
            found.update(int(line) for line in file.read_text().split())
    return tuple(sorted(found))


def _cpu(group: CgroupReading) -> tuple[float, float]:
    """Seconds of processor, exactly and by ticks (cgroups(7), the kernel's cpuacct.rst)."""
    with suppress(OSError, ValueError):
        if group.version == 1 and (cpu := _folder(group, "cpu")):
            # The two controllers may be mounted together or apart; their paths are the same.
            for folder in (cpu, Path("/sys/fs/cgroup/cpuacct") / cpu.name):
                if (folder / "cpuacct.usage").is_file():
                    exact = int((folder / "cpuacct.usage").read_text())
                    table = (folder / "cpuacct.usage_all").read_text().splitlines()[1:]
                    ticks = sum(int(word) for line in table for word in line.split()[1:])
                    return exact / _NANO, ticks / _NANO
        elif unified := _folder(group, "unified"):
            for line in (unified / "cpu.stat").read_text().splitlines():
                name, _, value = line.partition(" ")
                if name == "usage_usec":
                    return int(value) / _MICRO, int(value) / _MICRO
    return 0.0, 0.0
