"""Answers about processes, straight from the kernel (agent side)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.errors import ProviderError
from lab_engine.families import machinery
from lab_engine.families.process import probes as s
from lab_engine.kernel import proc, processes
from lab_engine.kernel.processes import Process


def _boot_time() -> int:
    for line in proc.read_text("stat").splitlines():
        if line.startswith("btime "):
            return int(line.split()[1])
    return 0


def read_processes(probe: s.ProcessProbe) -> s.ProcessesReading:
    try:
        pattern = re.compile(probe.argv)
    except re.error as error:
        raise ProviderError(f"{probe.argv!r} is not a regular expression: {error}") from error
    among = processes.every()
    hidden = set() if probe.everything else machinery.pids(among)
    boot = _boot_time()

    def matches(process: Process) -> bool:
        return (
            process.pid not in hidden
            and not process.ended
            and probe.pid in (0, process.pid)
            and probe.program in ("", process.name)
            and probe.user in ("", process.user)
            and pattern.search(" ".join(process.argv)) is not None
        )

    return s.ProcessesReading(
        tuple(
            s.ProcessReading(
                pid=process.pid,
                parent=process.parent,
                name=process.name,
                argv=process.argv,
                user=process.user,
                state=process.state,
                started=boot + process.start / processes.TICKS,
                exe=proc.target(f"{process.pid}/exe"),
                container=processes.container(process.pid),
                namespaces=processes.namespaces(process.pid),
            )
            for process in sorted(among.values(), key=lambda process: process.pid)
            if matches(process)
        )
    )


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {s.ProcessProbe: read_processes}
