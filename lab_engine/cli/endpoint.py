"""Which Docker engine is meant: `docker` follows its context, the Docker SDK does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import MutableMapping
from pathlib import Path


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
