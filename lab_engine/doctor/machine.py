"""What doctor can see of a machine: files, commands, the environment.

Every finding is a function of a `Machine`, so that a test can hand it one that is unlike this one.
"""

from __future__ import annotations

import gzip
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lab_engine import settings
from lab_engine.errors import InfralabError
from lab_engine.machine import chosen

if TYPE_CHECKING:
    from lab_engine.bench.features import Kernel
    from lab_engine.machine.life import Status


class State(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    LIMITED = "limited"
    """Something is lost, the course can be taken."""
    MISSING = "missing"
    """The course cannot be taken."""
    UNKNOWN = "unknown"
    """It could not be found out from here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the kit needs.

    Args:
        name: what was looked at.
        state: how it stands.
        found: what is there.
        lost: what does not work without it; empty when nothing is lost.
        mend: the exact command that mends it, or what to do where no command does.
    """

    name: str
    state: State
    found: str
    lost: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """What a command answered; 127 when there is no such command, 124 when it took too long."""

    code: int
    out: str = ""
    err: str = ""


class Machine:
    """The machine that this process runs on."""

    @property
    def env(self) -> Mapping[str, str]:
        return os.environ

    @property
    def root(self) -> bool:
        return os.geteuid() == 0

    @property
    def kernel(self) -> str:
        return platform.release()

    def run(self, *words: str, limit: float = 20.0) -> Output:
        """Run a command without a shell, and give what it answered."""
        try:
            done = subprocess.run(
                words,
                # A command that asks something gets no answer, and does not wait for one.
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit,
                check=False,
            )
        except FileNotFoundError:
            return Output(127, err=f"{words[0]}: not found")
        except PermissionError:
            return Output(126, err=f"{words[0]}: may not be run")
        except subprocess.TimeoutExpired:
            return Output(124, err=f"{words[0]}: no answer in {limit:.0f} s")
        return Output(done.returncode, done.stdout, done.stderr)

    def has(self, command: str) -> bool:
        return shutil.which(command) is not None

    def exists(self, path: str) -> bool:
        return Path(path).exists()

    def read(self, path: str) -> str | None:
        """The text of a file, or None when it is not there or may not be read."""
        try:
            raw = Path(path).read_bytes()
        except OSError:
            return None
        if path.endswith(".gz"):
            raw = gzip.decompress(raw)
        return raw.decode(errors="replace")

    def names(self, folder: str) -> tuple[str, ...] | None:
        """The names in a folder, or None when it is not there or may not be read."""
        try:
            return tuple(sorted(path.name for path in Path(folder).iterdir()))
        except OSError:
            return None

    def free(self, path: str) -> int | None:
        """Free bytes where `path` is, or would be."""
        place = Path(path)
        while True:
            try:
                return shutil.disk_usage(place).free
            except OSError:
                if place == place.parent:
                    return None
                place = place.parent

    def writable(self, path: str) -> bool:
        return os.access(path, os.R_OK | os.W_OK)

    def trial(self) -> list[str] | None:
        """What a bench would lack in this engine, from a real trial; None where it cannot be tried.

        Raises InfralabError when the engine does not even start it.
        """
        try:
            from lab_engine.bench import trial
        except ImportError:
            # doctor also runs on a bare Python, before anything is installed.
            return None
        return trial.problems()

    def under_benches(self) -> Kernel | None:
        """The kernel of the engine, from a look at it there; None where it cannot be asked yet.

        Raises InfralabError when the engine does not answer.
        """
        try:
            from lab_engine.bench import features
        except ImportError:
            return None
        return features.look()

    def virtual(self) -> Status | None:
        """How the virtual machine for benches stands; None where that cannot be looked at yet.

        Raises InfralabError when the settings cannot be read.
        """
        try:
            from lab_engine.machine import life, place
        except ImportError:
            return None
        return life.status(place.of(settings.load(self.env)))

    def virtual_endpoint(self) -> str:
        """The address of that machine's engine; nothing when the settings cannot be read."""
        try:
            return chosen.endpoint(settings.load(self.env))
        except InfralabError:
            return ""

    def terminal(self) -> tuple[int, int] | None:
        """Columns and lines of the terminal, or None when there is none."""
        for stream in (1, 2, 0):
            try:
                size = os.get_terminal_size(stream)
            except OSError:
                continue
            return size.columns, size.lines
        return None


def sudo(machine: Machine, command: str) -> str:
    """The command as this user must type it."""
    return command if machine.root else f"sudo {command}"


def me(machine: Machine, words: str) -> str:
    """Our own command, as this user started it: the launcher of a clone, or the installed one."""
    return f"{machine.env.get('INFRALAB_COMMAND') or 'infralab'} {words}".rstrip()


def install(machine: Machine, *packages: str) -> str:
    """The command that installs packages here, or plain words where apt is not the way."""
    if machine.has("apt-get"):
        return sudo(machine, f"apt-get install {' '.join(packages)}")
    return f"Install {' and '.join(packages)} with the package manager of this system."


def gib(size: int) -> str:
    """A size for people."""
    return f"{size / (1 << 30):.1f} GiB"
