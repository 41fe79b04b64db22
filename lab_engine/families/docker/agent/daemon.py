"""The dockerd of the bench: which process it is, and the one setting that a learner changes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import docker.errors
import msgspec

from lab_engine.common import replacing
from lab_engine.common.patience import patient
from lab_engine.common.probe import Probe
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.docker.agent import named, settings_file
from lab_engine.families.docker.agent.engine import Api, asking
from lab_engine.families.docker.family import FAMILY
from lab_engine.families.docker.probes.daemon import DockerDaemonProbe, DockerDaemonReading
from lab_engine.kernel import processes, sockets
from lab_engine.kernel.processes import Process

SETTINGS: Final = Path("/etc/docker/daemon.json")
LIVE_RESTORE: Final = "live-restore"
KEY: Final = f"engine-setting/{LIVE_RESTORE}"
NO_BRIDGE: Final = "engine-setting/no-bridge"
_START: Final = "/usr/lib/infralab/bin/start-docker"
_START_SECONDS: Final = 40.0
_RELOAD_SECONDS: Final = 2.0


def process() -> Process | None:
    """The dockerd that listens at the bench's socket; None when none does."""
    assert FAMILY.daemon is not None
    try:
        return processes.read(sockets.peer(FAMILY.daemon.socket))
    except OSError:
        return None


def written() -> dict[str, Any]:
    """What the settings say; nothing when they are no settings."""
    return settings_file.read(SETTINGS)


def daemon(probe: DockerDaemonProbe) -> DockerDaemonReading:
    found = process()
    if found is None:
        return DockerDaemonReading(exists=False)
    try:
        with asking("describe itself") as api:
            live = bool(api.info()["LiveRestoreEnabled"])
            began = _began(api, probe.container)
    except DaemonDown:
        # It has ended between the two questions, or is about to.
        return DockerDaemonReading(exists=False)
    said = written().get(LIVE_RESTORE)
    return DockerDaemonReading(
        pid=found.pid,
        started=found.start,
        live_restore=live,
        written=said is True,
        value="" if said is None else msgspec.json.encode(said).decode(),
        fault=settings_file.fault(SETTINGS),
        container_started=began,
    )


def _began(api: Api, name: str) -> int:
    """When the first process of a container did."""
    if not name:
        return 0
    try:
        first = processes.read(named.container(api, name)["State"]["Pid"] or -1)
    except docker.errors.NotFound:
        return 0
    return first.start if first else 0


def forget_live_restore() -> None:
    """Have the engine give up its containers when it ends, as one does that nobody told otherwise.

    A setting that is left out is not looked at when the settings are read again (moby,
    daemon/reload.go, IsValueSet): it must be said that it is off. Raises ProviderError, DaemonDown.
    """
    mode = SETTINGS.stat().st_mode if SETTINGS.exists() else 0o644
    kept = {name: value for name, value in written().items() if name != LIVE_RESTORE}
    try:
        replacing.write(SETTINGS, msgspec.json.encode({LIVE_RESTORE: False}))
        found = process()
        if found is not None and found.name == "dockerd":
            os.kill(found.pid, signal.SIGHUP)
        if _off_within(patient(_RELOAD_SECONDS)):
            return
        # Begun with an option that says it; such a one reads no settings that say otherwise.
        replacing.write(SETTINGS, msgspec.json.encode(kept))
        begin_anew()
    finally:
        replacing.write(SETTINGS, msgspec.json.encode(kept))
        SETTINGS.chmod(mode & 0o7777)
    if not _off_within(0):
        raise ProviderError("the engine keeps the setting", resource=KEY)


def _off_within(seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        with asking("describe itself") as api:
            if not api.info()["LiveRestoreEnabled"]:
                return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)


def begin_anew() -> None:
    """End the engine and start it again. Its containers end with it."""
    found = process()
    if found is not None:
        with suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGKILL)
        end = time.monotonic() + patient(_RELOAD_SECONDS)
        while processes.read(found.pid) is not None and time.monotonic() < end:
            time.sleep(0.02)
    subprocess.run([_START], check=False, capture_output=True, timeout=patient(_START_SECONDS))


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {DockerDaemonProbe: daemon}
