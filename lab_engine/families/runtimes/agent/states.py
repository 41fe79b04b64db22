"""What runc and crun note of their containers, in a folder for each (agent side).

runc writes `state.json` (libcontainer's State), crun `status`; both keep `exec.fifo` there as long
as the container is created and not started. The state that they tell is worked out from these and
from the process, as here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from lab_engine.errors import ProviderError
from lab_engine.families.files.agent.cgroups import read_cgroup
from lab_engine.families.files.probes import CgroupProbe
from lab_engine.families.runtimes.probes import RuntimeContainer
from lab_engine.kernel import processes
from lab_engine.kernel.processes import Process

ROOTS: Final = {"runc": Path("/run/runc"), "crun": Path("/run/crun")}
"""Where root's containers are noted, when no `--root` says otherwise."""
_NOTES: Final = {"runc": "state.json", "crun": "status"}
_SECONDS: Final = 10.0


def every() -> Iterator[RuntimeContainer]:
    """The containers of both runtimes, by runtime and name."""
    for runtime, root in ROOTS.items():
        names: list[str] = []
        with suppress(OSError):
            names = sorted(one.name for one in root.iterdir() if one.is_dir())
        for name in names:
            if (found := one(runtime, name)) is not None:
                yield found


def one(runtime: str, name: str) -> RuntimeContainer | None:
    """The container of this name; None where there are no notes of it that can be read."""
    folder = ROOTS[runtime] / name
    if "/" in name or name in ("", ".", ".."):
        return None
    try:
        noted = json.loads((folder / _NOTES[runtime]).read_bytes())
        pid, start, bundle = _runc(noted) if runtime == "runc" else _crun(noted)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    process = _first(pid, start)
    return RuntimeContainer(
        runtime, name, _status(folder, process), process.pid if process else 0, bundle
    )


def _runc(noted: dict[str, Any]) -> tuple[int, int, str]:
    labels = [str(label).partition("=") for label in noted["config"].get("labels") or ()]
    bundle = next((value for name, _, value in labels if name == "bundle"), "")
    return int(noted["init_process_pid"]), int(noted["init_process_start"]), bundle


def _crun(noted: dict[str, Any]) -> tuple[int, int, str]:
    return int(noted["pid"]), int(noted["process-start-time"]), str(noted.get("bundle", ""))


def _first(pid: int, start: int) -> Process | None:
    """The container's first process; another one that has its number now is none."""
    found = processes.read(pid)
    return found if found is not None and not found.ended and found.start == start else None


def _status(folder: Path, process: Process | None) -> str:
    if process is None:
        return "stopped"
    if (folder / "exec.fifo").exists():
        return "created"
    return "paused" if read_cgroup(CgroupProbe(pid=process.pid)).frozen else "running"


def remove(runtime: str, name: str) -> None:
    """End a container and take its notes away. Absent is no error.

    Raises ProviderError when it stays.
    """
    folder = ROOTS[runtime] / name
    if not folder.exists():
        return
    program = shutil.which(runtime, path="/usr/sbin:/usr/bin")
    said = ""
    if program is not None:
        try:
            done = subprocess.run(
                [program, "delete", "--force", name],
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
            said = done.stderr.decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            said = "it took too long"
    if one(runtime, name) is None:
        # Notes that the runtime itself cannot read are no container of its.
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise ProviderError(
            f"{runtime} does not delete its container {name}: {said or 'it said nothing'}",
            resource=f"runtime-container/{runtime}/{name}",
        )
