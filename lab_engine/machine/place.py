"""Where the machine's files are: one folder in the data folder, and what each is called there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab_engine.errors import BenchError
from lab_engine.settings import Settings

LONGEST_SOCKET: Final = 107 - 17
"""Bytes. A socket's address has 108 with the NUL (unix(7)); ssh makes one under a name that is 17
longer, and renames it."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one machine. `lock` is beside it, since the folder comes and goes."""

    folder: Path
    engine: Path
    lock: Path

    @property
    def images(self) -> Path:
        """The system's disk and kernel, in a folder for each recipe."""
        return self.folder / "image"

    @property
    def root(self) -> Path:
        """What this start has written on the system's disk; the next start begins without it."""
        return self.folder / "root.qcow2"

    @property
    def docker(self) -> Path:
        """The engine's disk, which stays."""
        return self.folder / "docker.qcow2"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def key_disk(self) -> Path:
        """A tar, which the machine reads as a disk."""
        return self.folder / "keys.tar"

    @property
    def monitor(self) -> Path:
        return self.folder / "qmp.sock"

    @property
    def control(self) -> Path:
        """The socket by which further commands share the one ssh connection."""
        return self.folder / "ssh.sock"

    @property
    def pid(self) -> Path:
        return self.folder / "qemu.pid"

    @property
    def log(self) -> Path:
        """What QEMU and ssh complained of in the last start, and the console's end if it failed."""
        return self.folder / "log"

    @property
    def note(self) -> Path:
        return self.folder / "machine.json"

    @property
    def use(self) -> Path:
        """It is there after `infralab machine use`."""
        return self.folder / "use"

    @property
    def programs(self) -> Path:
        """A folder with a `docker` that runs in the machine, for computers that have none."""
        return self.folder / "bin"

    def passing(self) -> tuple[Path, ...]:
        """What a machine has only while it runs."""
        return (self.root, self.monitor, self.control, self.pid, self.engine)

    def noted(self) -> dict[str, Any]:
        """What was noted of the machine; nothing where there is none."""
        try:
            value = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}


def of(settings: Settings) -> Place:
    """The machine's place by the settings."""
    folder = settings.machine_dir
    return Place(folder, settings.machine_socket, folder.with_name("machine.lock"))


def check(place: Place) -> None:
    """Refuse a folder in which no socket can be.

    Raises:
        BenchError: its path is too long, or has a colon, at which ssh splits it.
    """
    if ":" in str(place.folder):
        raise BenchError(
            f"the path {place.folder} has a colon, with which ssh cannot forward a socket there",
            hint="Keep infralab's data in another folder: set INFRALAB_DATA_DIR to another path.",
        )
    longest = max((place.monitor, place.control, place.engine), key=lambda path: len(bytes(path)))
    if len(bytes(longest)) > LONGEST_SOCKET:
        raise BenchError(
            f"the path {place.folder} is too long for a machine's sockets "
            f"({len(bytes(longest))} bytes with their names; {LONGEST_SOCKET} are possible)",
            hint="Keep infralab's data in another folder: set INFRALAB_DATA_DIR to a shorter path.",
        )
