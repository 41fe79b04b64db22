"""Asks a containerd of the bench with `ctr`, the client that comes with it (agent side).

A learner may put a server of their own on the socket, or another program in the place of `ctr`. So
who listens must run the bench's own containerd, and both files must be as they came.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.runtimes.probes import ContainerdContainer
from lab_engine.kernel import proc, processes, sockets, untouched
from lab_engine.kernel.processes import Process

SOCKET: Final = "/run/containerd/containerd.sock"
PROGRAM: Final = "/usr/bin/containerd"
CLIENT: Final = "/usr/bin/ctr"
DOCKERS: Final = "moby"
"""The namespace in which dockerd keeps its containers, each called by 64 digits."""
_DOCKERS_OWN: Final = re.compile(r"[0-9a-f]{64}")
_SECONDS: Final = 10.0
_ROUNDS: Final = 3
_SETTLED: Final = 0.1
"""Seconds after which a file's time tells of every later change: it goes by the kernel's ticks."""
_NOTES: Final = Path("/var/lib/docker/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db")
"""Where the bench's containerd keeps namespaces, containers and images; tasks are not in it."""
_kept: dict[tuple[str, ...], tuple[tuple[int, ...], list[list[str]]]] = {}
"""What was listed, and how its notes stood then. Each listing is a process of its own, and a
picture or an inventory of a bench in which only Docker uses containerd should cost none."""


@dataclass(frozen=True, slots=True)
class Containerd:
    """One containerd, by its socket."""

    socket: str = SOCKET

    def process(self) -> Process | None:
        """The daemon that answers; None when none does, or when it is not the bench's own."""
        try:
            pid = sockets.peer(self.socket)
        except OSError:
            return None
        if proc.target(f"{pid}/exe") != PROGRAM or _changed(PROGRAM):
            return None
        return None if processes.container(pid) else processes.read(pid)

    def ask(self, *words: str, namespace: str = "default") -> list[list[str]]:
        """What `ctr` prints, a list of words for each line.

        Raises DaemonDown when there is nobody to ask, ProviderError when it refuses.
        """
        if _changed(CLIENT):
            raise DaemonDown(
                f"{CLIENT} was changed in the bench",
                daemon="containerd",
                hint="`infralab down` and `infralab up` give a fresh bench.",
            )
        try:
            done = subprocess.run(
                [CLIENT, "-a", self.socket, "--connect-timeout", "2s", "-n", namespace, *words],
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DaemonDown("containerd does not answer", daemon="containerd") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise ProviderError(f"containerd refused `ctr {' '.join(words)}`: {said}")
        return [line.split() for line in done.stdout.decode(errors="replace").splitlines()]

    def _listed(self, *words: str, namespace: str = "default") -> list[list[str]]:
        """What `ask` says of notes, asked again once these have changed."""
        key = (self.socket, namespace, *words)
        stamp = self._stamp()
        if stamp and key in _kept and _kept[key][0] == stamp:
            return _kept[key][1]
        rows = self.ask(*words, namespace=namespace)
        if stamp and time.time_ns() - stamp[0] > _SETTLED * 1e9:
            _kept[key] = stamp, rows
        return rows

    def _stamp(self) -> tuple[int, ...]:
        """How the notes stand, as far as their file tells; empty where nobody keeps them there."""
        process = self.process()
        try:
            about = _NOTES.stat()
        except OSError:
            return ()
        if process is None:
            return ()
        return (about.st_mtime_ns, about.st_ino, about.st_size, process.pid, process.start)

    def namespaces(self) -> list[str]:
        return sorted(row[0] for row in self._listed("namespaces", "ls", "-q") if row)

    def containers(self, namespaces: Sequence[str]) -> list[ContainerdContainer]:
        """All containers with their tasks, but for Docker's own."""
        noted = {
            one: [
                row
                for row in self._listed("containers", "ls", namespace=one)[1:]
                if len(row) > 2 and not (one == DOCKERS and _DOCKERS_OWN.fullmatch(row[0]))
            ]
            for one in namespaces
        }
        made = []
        for name, rows in noted.items():
            told = self.ask("tasks", "ls", namespace=name)[1:] if rows else []
            tasks = {row[0]: row for row in told if len(row) == 3}
            for row in rows:
                _, pid, status = tasks.get(row[0], (row[0], "0", ""))
                image = "" if row[1] == "-" else row[1]
                made.append(ContainerdContainer(name, row[0], image, row[2], status, int(pid)))
        return made

    def images(self, namespace: str) -> dict[str, str]:
        """Each image's reference, and the digest that it stands for."""
        rows = self._listed("images", "ls", namespace=namespace)[1:]
        return {row[0]: row[2] for row in rows if len(row) > 2}

    def remove_container(self, namespace: str, name: str) -> None:
        """End its task, and take it away with its snapshot. Absent is no error."""
        for words in (
            ("tasks", "kill", "-s", "SIGKILL", name),
            ("tasks", "rm", "-f", name),
            ("containers", "rm", name),
            ("snapshots", "rm", name),
        ):
            self._try(namespace, *words)

    def remove_image(self, namespace: str, name: str) -> None:
        self._try(namespace, "images", "rm", "--sync", name)

    def remove_namespace(self, name: str) -> None:
        """Empty it and take it away."""
        for one in self.containers([name]):
            self.remove_container(name, one.id)
        for image in self.images(name):
            self.remove_image(name, image)
        # One that others stand on can only go after them.
        for _ in range(_ROUNDS):
            for row in self.ask("snapshots", "ls", namespace=name)[1:]:
                self._try(name, "snapshots", "rm", row[0])
        for row in self.ask("leases", "ls", "-q", namespace=name):
            self._try(name, "leases", "rm", "--sync", row[0])
        for row in self.ask("content", "ls", "-q", namespace=name):
            self._try(name, "content", "rm", row[0])
        self._try(name, "namespaces", "rm", name)

    def _try(self, namespace: str, *words: str) -> None:
        """Part of a removal: what is gone already is refused, and what stays is seen afterwards."""
        with suppress(ProviderError):
            self.ask(*words, namespace=namespace)


def _changed(path: str) -> bool:
    """Whether a file of the image was written in the bench, or is gone."""
    try:
        return untouched.written(path)
    except FileNotFoundError:
        return True
