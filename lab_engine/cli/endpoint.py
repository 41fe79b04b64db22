"""Which Docker engine is meant: the machine's, else as `docker` does, by its context."""

from __future__ import annotations

import hashlib
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from lab_engine import settings
from lab_engine.errors import BenchError, UsageError
from lab_engine.machine import chosen, place

NEED_ENGINE: Final = frozenset((
    "learn", "up", "shell", "run", "check", "plan", "repair", "replay", "down", "setup", "image",
    "packs", "prove",
))  # fmt: skip
"""Verbs that do nothing without one."""
CHOOSE: Final = frozenset(("grade", "regrade", "worker"))
"""Verbs that choose the engine themselves, by how far they trust what they do in it."""


def follow(env: MutableMapping[str, str], verb: str) -> None:
    """Name the engine that is meant in DOCKER_HOST, for the SDK and for all that is started.

    It is left to the verbs of `CHOOSE`.

    Raises:
        BenchError: it is the machine's, which does not run, and the verb needs it.
    """
    if verb in CHOOSE:
        return
    try:
        found = settings.load(env)
    except UsageError:
        # Whoever needs the settings says it; doctor must come to run.
        follow_context(env)
        return
    # What this would take away is removed with an engine of this computer.
    if verb == "uninstall" or not chosen.is_machine(found, env):
        follow_context(env)
        return
    chosen.follow(found, env)
    if verb in NEED_ENGINE:
        from lab_engine.machine import life

        if not life.ready(place.of(found)):
            raise BenchError(
                "benches are in the machine, and it does not run",
                hint="Boot it: `infralab machine start`. This computer's own engine instead: "
                "`infralab machine use --off`, or INFRALAB_ENGINE=docker.",
            )


def follow_context(env: MutableMapping[str, str]) -> None:
    """Name the engine of the chosen Docker context in DOCKER_HOST, unless that is set.

    So that everything infralab starts, and the SDK, talk to the engine that `docker` talks to.
    """
    # As `docker` does: the variable goes before a context (docker context).
    if env.get("DOCKER_HOST"):
        return
    folder = Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/root"), ".docker"))
    name = env.get("DOCKER_CONTEXT") or _read(folder / "config.json").get("currentContext")
    if not isinstance(name, str) or name in ("", "default"):
        return
    # Docker's client keeps a context in a folder that is called by the SHA-256 of its name
    # (docker/cli, cli/context/store).
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = _read(folder / "contexts" / "meta" / digest / "meta.json")
    endpoints = meta.get("Endpoints")
    docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
    host = docker.get("Host") if isinstance(docker, dict) else None
    if isinstance(host, str) and host:
        env["DOCKER_HOST"] = host


def _read(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # No such file, or one that Docker itself will complain about.
        return {}
    return value if isinstance(value, dict) else {}
