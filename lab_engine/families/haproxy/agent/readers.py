"""Asks the HAProxy of the bench by their stats sockets (agent side).

A learner may put a server of their own at the path, so that a socket counts only when the process
that waits there runs HAProxy. By the holders of the socket, not by its peer (SO_PEERCRED): with
`-D` that is a process that has ended since.
"""

from __future__ import annotations

import csv
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.haproxy.probes import (
    HaproxiesProbe,
    HaproxiesReading,
    HaproxyProbe,
    HaproxyReading,
    HaproxyServer,
)
from lab_engine.kernel import proc

PROGRAM: Final = "haproxy"
SECONDS: Final = 2.0
MOST: Final = 4 << 20
_LISTENING: Final = "00010000"
"""__SO_ACCEPTCON in the column Flags of /proc/net/unix (proc_net(5))."""
# HAProxy waits at PATH.PID.tmp, and then gives that its name.
_FRESH: Final = re.compile(r"\.\d+\.tmp\Z")
_COUNTED: Final = re.compile(r"(?P<word>[A-Z]+)( \d+/\d+)?\Z")
"""`UP 1/3` is up, with one of three looks that went wrong."""


def _waiting() -> Iterator[tuple[str, int, bool]]:
    """Path, holder, and whether that is HAProxy, of each Unix socket that somebody waits at.

    Those of HAProxy's processes are all there; of others, those at the same paths.
    """
    held: dict[str, list[int]] = {}
    named: dict[str, str] = {}
    tables: set[int] = set()
    balancers: set[int] = set()
    for pid in proc.pids():
        with suppress(OSError):
            if Path(proc.target(f"{pid}/exe").removesuffix(" (deleted)")).name == PROGRAM:
                balancers.add(pid)
    if not balancers:
        return
    for pid in balancers:
        with suppress(OSError):
            namespace = proc.inode(f"{pid}/ns/net")
            if namespace in tables:
                continue
            tables.add(namespace)
            named |= dict(_named(proc.read_text(f"{pid}/net/unix")))
    for pid in proc.pids():
        with suppress(OSError):
            for number in proc.names(f"{pid}/fd"):
                link = proc.target(f"{pid}/fd/{number}")
                if link.startswith("socket:[") and link[8:-1] in named:
                    held.setdefault(link[8:-1], []).append(pid)
    for inode, pids in held.items():
        for pid in pids:
            yield named[inode], pid, pid in balancers


def _named(table: str) -> Iterator[tuple[str, str]]:
    """Inode and path of each socket that is waited at."""
    for line in table.splitlines()[1:]:
        fields = line.split(maxsplit=7)
        if len(fields) == 8 and fields[3] == _LISTENING:
            yield fields[6], _FRESH.sub("", fields[7])


def haproxies(_: HaproxiesProbe) -> HaproxiesReading:
    return HaproxiesReading(tuple(sorted({path for path, _, ours in _waiting() if ours})))


def haproxy(probe: HaproxyProbe) -> HaproxyReading:
    path = os.path.realpath(probe.socket)
    holders = [(pid, ours) for where, pid, ours in _waiting() if os.path.realpath(where) == path]
    if not holders or not all(ours for _, ours in holders):
        return HaproxyReading(exists=False)
    try:
        stat = ask(path, "show stat")
        state = ask(path, "show servers state")
    except OSError:
        return HaproxyReading(exists=False)
    return read(min(pid for pid, _ in holders), stat, state)


def ask(path: str, command: str) -> str:
    """What HAProxy answers to one command. Raises OSError when it does not in time."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(SECONDS)
        sock.connect(path)
        sock.sendall(f"{command}\n".encode())
        parts: list[bytes] = []
        end = time.monotonic() + SECONDS
        while (part := sock.recv(1 << 16)) and sum(map(len, parts)) < MOST:
            parts.append(part)
            if time.monotonic() > end:
                raise TimeoutError(f"{command} did not end")
    return b"".join(parts).decode(errors="replace")


def read(pid: int, stat: str, state: str) -> HaproxyReading:
    """Put together what `show stat` and `show servers state` print."""
    at = {name: f"{row['srv_addr']}:{row['srv_port']}" for name, row in rows(state)}
    servers: list[HaproxyServer] = []
    frontends: dict[str, str] = {}
    sessions: dict[str, int] = {}
    for row in csv.DictReader(stat.removeprefix("# ").splitlines()):
        proxy, name, status = row["pxname"], row["svname"], row["status"]
        if name == "FRONTEND":
            frontends[proxy] = status
        elif name != "BACKEND":
            counted = _COUNTED.match(status)
            servers.append(
                HaproxyServer(
                    proxy,
                    name,
                    at.get((proxy, name), ""),
                    counted["word"] if counted else status,
                    # A star: the next look is under way.
                    (row["check_status"] or "").removeprefix("* "),
                )
            )
            sessions[f"{proxy}/{name}"] = int(row["stot"] or 0)
    return HaproxyReading(pid=pid, servers=tuple(servers), frontends=frontends, sessions=sessions)


def rows(state: str) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    """Backend and name of each server in `show servers state`, and its columns by their names."""
    fields: list[str] = []
    for line in state.splitlines():
        if line.startswith("# "):
            fields = line[2:].split()
        elif fields and len(words := line.split()) >= len(fields):
            row = dict(zip(fields, words, strict=False))
            yield (row["be_name"], row["srv_name"]), row


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    HaproxiesProbe: haproxies,
    HaproxyProbe: haproxy,
}
