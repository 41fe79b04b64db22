"""A network of a test's own: namespaces for network and mounts, with no named namespace in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab_engine.families.netlink.agent.namespaces import FOLDER
from lab_engine.kernel import syscalls

ALWAYS_THERE = ("ipc/", "hostname/", "sysctl/")
"""Beginnings of keys of the inventory that are there whatever is made."""


def sh(command: str) -> str:
    """Run shell commands as root here; returns what they print."""
    done = subprocess.run(
        ["sh", "-ec", command], check=True, timeout=20, capture_output=True, text=True
    )
    return done.stdout


@contextmanager
def own_network() -> Iterator[None]:
    """Put the calling thread into such a network for a while (needs root)."""
    before = [
        (os.open(f"/proc/thread-self/ns/{kind}", os.O_RDONLY), flag)
        for kind, flag in (("net", syscalls.CLONE_NEWNET), ("mnt", syscalls.CLONE_NEWNS))
    ]
    folder = os.getcwd()
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET)
    try:
        syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
        FOLDER.mkdir(exist_ok=True)
        syscalls.mount("test", str(FOLDER), "tmpfs")
        sh("ip link set lo up")
        yield
    finally:
        # Threads that were started meanwhile share this one's idea of the root folder.
        syscalls.unshare(syscalls.CLONE_FS)
        for descriptor, flag in before:
            syscalls.setns(descriptor, flag)
            os.close(descriptor)
        os.chdir(folder)
