"""Checksums at the far end of a cable into a bridge.

A veth leaves the checksum of what it sends to the receiver's card, and the kernel knows that it was
left. ovs-vswitchd takes frames out of the kernel through a packet socket, and sends them on as they
are: the last host finds a wrong checksum and drops the segment. So the far end must compute them
itself (Open vSwitch's `Documentation/intro/install/userspace.rst` asks for it too).
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from lab_engine.common import place
from lab_engine.errors import ProviderError
from lab_engine.families.netlink.probes.network import LinkProbe, LinkReading
from lab_engine.families.registry import FAMILIES
from lab_engine.kernel.syscalls import in_network

SIOCETHTOOL: Final = 0x8946
ETHTOOL_STXCSUM: Final = 0x17
"""From linux/sockios.h and linux/ethtool.h."""


def switch_off(interface: str, key: str) -> None:
    """Have the other end of this veth of the bench compute its checksums.

    Raises ProviderError when that end cannot be found or will not.
    """
    netlink = FAMILIES["netlink"]
    readers: dict[type[Any], Callable[[LinkProbe], LinkReading]] = netlink.part(
        netlink.readers[0]
    ).READERS
    end = readers[LinkProbe](LinkProbe(interface))
    kind, name = place.parse(end.peer_place) if end.peer_place else ("", "")
    try:
        if kind == "bench":
            _set(end.peer)
        elif kind == "host":
            in_network(f"/run/netns/{name}", lambda: _set(end.peer))
        else:
            raise FileNotFoundError(f"{interface} has no other end in the bench or a host")
    except OSError as error:
        raise ProviderError(
            f"the other end of {interface} cannot be told to compute checksums: {error}",
            resource=key,
            hint=f"`ip -d link show {interface}` shows what it is.",
        ) from error


def _set(interface: str) -> None:
    """`ethtool -K INTERFACE tx off`, in the thread's network namespace."""
    value = array.array("B", struct.pack("=II", ETHTOOL_STXCSUM, 0))
    address, _ = value.buffer_info()
    request = struct.pack("16sP", interface.encode(), address)
    # Which socket does not matter: it only stands for the network namespace (netdevice(7)).
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)
