"""Which processes are libvirt's: its daemons, its machines, the servers of its networks."""

from __future__ import annotations

from typing import Final

from lab_engine.kernel.processes import Process

DAEMONS: Final = frozenset({"libvirtd", "virtlogd", "virtlockd", "virtqemud", "virtnetworkd"})
DNSMASQ: Final = "/var/lib/libvirt/dnsmasq/"


def alone(process: Process) -> bool:
    """A daemon of libvirt, a QEMU that it started, a dnsmasq of one of its networks."""
    if process.name.startswith("qemu-system"):
        # libvirt starts each with `-name guest=NAME`. One that was started by hand is its owner's.
        return any(word.startswith("guest=") for word in process.argv)
    if process.name == "dnsmasq":
        return any(DNSMASQ in word for word in process.argv)
    # Runs for a moment at each lease that a dnsmasq gives; the kernel keeps 15 letters of a name.
    if process.name == "libvirt_leasesh":
        return True
    return process.name in DAEMONS


def whole(process: Process) -> bool:
    """Nothing: what a daemon of libvirt starts is told apart by itself."""
    return False
