"""Whether benches are to be in the machine: the setting `engine`, or what `machine use` noted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Final

from lab_engine.common import patience
from lab_engine.machine import place
from lab_engine.settings import Settings

PATIENCE: Final = "10"
"""What time limits are multiplied by where a bench itself is emulated."""
_OTHERS: Final = ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_TLS")


def is_machine(settings: Settings, env: Mapping[str, str]) -> bool:
    """Whether the machine's engine is the one that is meant.

    The setting goes before $DOCKER_HOST, and that before the note, as a Docker context does.
    """
    if settings.engine:
        return settings.engine == "machine"
    return not env.get("DOCKER_HOST") and place.of(settings).use.exists()


def endpoint(settings: Settings) -> str:
    """The engine's address for Docker's client and SDK, while the machine runs."""
    return f"unix://{settings.machine_socket}"


def follow(settings: Settings, env: MutableMapping[str, str]) -> None:
    """Name the machine's engine for whatever is started from here, and a `docker` that uses it."""
    where = place.of(settings)
    env["DOCKER_HOST"] = endpoint(settings)
    for name in _OTHERS:
        env.pop(name, None)
    if where.noted().get("accelerator") == "tcg":
        env.setdefault(patience.VARIABLE, PATIENCE)
    if not _has_docker(env.get("PATH", "")):
        env["PATH"] = os.pathsep.join((str(where.programs), env.get("PATH", os.defpath)))


def _has_docker(path: str) -> bool:
    """Whether there is Docker's own client. Podman's stand-in is a script, and asks only Podman."""
    program = shutil.which("docker", path=path)
    try:
        with Path(program or "/").open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False
