"""Which processes are the bench's own machinery, and not the learner's (agent side)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from lab_engine.kernel.processes import Process, descendants
from lab_engine.protocol import SOCKET

INIT: Final = 1
ENTRYPOINT: Final = "/usr/lib/infralab/entrypoint"
DOCKERD_NUMBER: Final = Path("/run/docker.pid")
CONTAINERD_SOCKET: Final = "/run/containerd/containerd.sock"
TMUX: Final = "-L infralab"
RECORDING: Final = "/opt/infralab/lib/lab_engine/recording/"
AROUND_SHELLS: Final = (RECORDING + "recorder.py", RECORDING + "replayer.py")
ONLOOKER: Final = RECORDING + "onlooker.py"
LIBVIRT: Final = frozenset({"libvirtd", "virtlogd", "virtlockd", "virtqemud", "virtnetworkd"})
LIBVIRT_DNSMASQ: Final = "/var/lib/libvirt/dnsmasq/"


def pids(among: dict[int, Process]) -> set[int]:
    """The machinery: init, agent, relay, daemons, containers of the main engine, libvirt's VMs.

    What the learner starts beside them is not among it, a second dockerd for instance.
    """
    dockerd = _dockerd()
    trees: set[int] = set()
    single: set[int] = {INIT}
    for process in among.values():
        if process.pid == os.getpid() or process.pid == dockerd or _is_tree(process):
            trees.add(process.pid)
        elif (
            ENTRYPOINT in process.argv
            or _is_relay(process)
            or _is_libvirt(process)
            or _is_terminal(process)
        ):
            single.add(process.pid)
    shells = {pid for pid in single - {INIT} if pid in among and ENTRYPOINT in among[pid].argv}
    # The entrypoint sleeps between two agents.
    sleeps = {p.pid for p in among.values() if p.parent in shells and p.name == "sleep"}
    around = {p.pid for p in among.values() if any(one in p.argv for one in AROUND_SHELLS)}
    shells = {p.pid for p in among.values() if p.parent in around}
    return single | sleeps | shells | descendants(trees, among)


def _dockerd() -> int:
    try:
        return int(DOCKERD_NUMBER.read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _is_tree(process: Process) -> bool:
    """Whether a process and all below it are machinery, as the main engine's containers are."""
    if process.name == "containerd":
        # One with settings of its own is somebody else's.
        return len(process.argv) == 1
    return process.name.startswith("containerd-shim") and CONTAINERD_SOCKET in process.argv


def _is_terminal(process: Process) -> bool:
    """What carries the learner's terminal: our tmux, what is around each shell or looks at it."""
    if process.name.startswith("tmux"):
        return TMUX in " ".join(process.argv)
    return any(one in process.argv for one in (*AROUND_SHELLS, ONLOOKER))


def _is_relay(process: Process) -> bool:
    return process.name == "socat" and any(SOCKET in word for word in process.argv)


def _is_libvirt(process: Process) -> bool:
    if process.name.startswith("qemu-system"):
        return any(word.startswith("guest=") for word in process.argv)
    if process.name == "dnsmasq":
        return any(LIBVIRT_DNSMASQ in word for word in process.argv)
    return process.name in LIBVIRT
