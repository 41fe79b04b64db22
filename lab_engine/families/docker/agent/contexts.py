"""The ways to other engines that the learner's client knows (`docker context`), and their end.

One that stayed would be in the way of the next one of its name. One that is in use and gone would
leave a client that does nothing at all, so the client itself takes them away.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import digest
from lab_engine.errors import ProviderError

HOME: Final = Path("/home/learner/.docker")
KIND: Final = "docker-context"
_NOTES: Final = "contexts/meta"
_LIMIT: Final = 64 * 1024
_SECONDS: Final = 10.0


def entries() -> dict[str, str]:
    """Each context, by its name, with what it says and whether it is the one in use."""
    used = _read(HOME / "config.json").get("currentContext")
    found = {}
    for path in sorted((HOME / _NOTES).glob("*/meta.json")):
        note = _read(path)
        name = note.get("Name")
        if isinstance(name, str) and name:
            found[f"{KIND}/{name}"] = f"{digest.of(note)}{' in use' if name == used else ''}"
    return found


def _read(path: Path) -> dict[str, Any]:
    """Nothing for what is no such file."""
    with suppress(OSError, msgspec.DecodeError):
        if path.is_file():
            with path.open("rb") as file:
                found = msgspec.json.decode(file.read(_LIMIT))
            if isinstance(found, dict):
                return found
    return {}


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
