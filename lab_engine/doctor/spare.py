"""Whether the machine has to spare what a bench takes that nobody has asked for."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from lab_engine.doctor.machine import Machine
from lab_engine.settings import Settings

SPARE: Final = 1 << 30
"""Bytes of memory that stay free beside all that a bench may take."""
HERE: Final = ("", "unix", "npipe")
"""How an engine on this machine is reached; of another one it is not known how it stands."""
SUPPLIES: Final = Path("/sys/class/power_supply")


def reason_against(
    settings: Settings, machine: Machine | None = None, supplies: Path = SUPPLIES
) -> str:
    """Why no bench is made ahead on this machine now, in words; empty when one may be.

    Args:
        settings: the learner's; `on` asks for nothing else, `off` is a reason.
        machine: how it stands with memory and load.
        supplies: batteries and the like, a folder for each (sysfs-class-power).
    """
    machine = machine or Machine()
    if settings.bench_ahead != "auto":
        return "it is switched off" if settings.bench_ahead == "off" else ""
    engine = machine.env.get("DOCKER_HOST", "")
    # The kit's own virtual machine is reached by a socket in the data folder.
    if engine.partition("://")[0] not in HERE or str(settings.data_dir) in engine:
        return "the engine is on another machine"
    memory = machine.read("/proc/meminfo") or ""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", memory, re.MULTILINE)
    if found is None or int(found[1]) << 10 < settings.bench_memory + SPARE:
        return "a bench may need more memory than there is to spare"
    running = (machine.read("/proc/loadavg") or "").partition(" ")[0]
    if not running or float(running) > (os.cpu_count() or 1) / 2:
        return "the processors have other work"
    for status in sorted(supplies.glob("BAT*/status")):
        if (machine.read(str(status)) or "").strip() == "Discharging":
            return "the machine runs on its battery"
    return ""
