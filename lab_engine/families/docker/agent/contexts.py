"""The ways to other engines that the learner's client knows (`docker context`), and their end.

One that stayed would be in the way of the next one of its name. One that is in use and gone would
leave a client that does nothing at all, so the client itself takes them away.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import digest
from lab_engine.common.probe import Probe
from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import settings_file
from lab_engine.families.docker.probes.contexts import (
    DockerContextsProbe,
    DockerContextsReading,
)

HOME: Final = Path("/home/learner/.docker")
KIND: Final = "docker-context"
_NOTES: Final = "contexts/meta"
_SECONDS: Final = 10.0


def entries() -> dict[str, str]:
    """Each context, by its name, with what it says and whether it is the one in use."""
    used = settings_file.read(HOME / "config.json").get("currentContext")
    return {
        f"{KIND}/{name}": f"{digest.of(note)}{' in use' if name == used else ''}"
        for name, note in _notes()
    }


def _notes() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((HOME / _NOTES).glob("*/meta.json")):
        note = settings_file.read(path)
        name = note.get("Name")
        if isinstance(name, str) and name:
            yield name, note


def contexts(_: DockerContextsProbe) -> DockerContextsReading:
    return DockerContextsReading({name: _leads(note) for name, note in _notes()})


def _leads(note: dict[str, Any]) -> str:
    """The address in a note; nothing when it has none."""
    match note:
        case {"Endpoints": {"docker": {"Host": str(host)}}}:
            return host
    return ""


def remove(name: str) -> None:
    """Forget a context, in use or not. Absent is no error. Raises ProviderError when it stays."""
    key = f"{KIND}/{name}"
    if key not in entries():
        return
    done = subprocess.run(
        ["runuser", "-u", "learner", "--", "docker", "context", "rm", "-f", name],
        check=False,
        capture_output=True,
        timeout=_SECONDS,
        env={"HOME": str(HOME.parent), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    if key in entries():
        said = done.stderr.decode(errors="replace").strip()
        raise ProviderError(f"the client does not forget the context {name}: {said}", resource=key)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {DockerContextsProbe: contexts}
