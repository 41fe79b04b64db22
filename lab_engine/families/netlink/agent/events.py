"""Links, addresses, routes and firewall rules of the bench's own network namespace.

Source: rtnetlink(7), netfilter's `nftables` multicast group (NFNLGRP_NFTABLES).
"""

from __future__ import annotations

import select
import socket
import struct

from lab_engine.common.probe import RESYNC
from lab_engine.families.source import Source

NETLINK_NETFILTER = 12
RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE = 0x1, 0x10, 0x40
RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE = 0x100, 0x400
GROUPS = (
    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE
)
NFNLGRP_NFTABLES = 7
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
TOPICS = {16: "link", 17: "link", 20: "address", 21: "address", 24: "route", 25: "route"}
"""By message type: RTM_NEWLINK and its kin (linux/rtnetlink.h)."""
HEADER = struct.Struct("=IHHII")
BUFFER = 1 << 16


class NetlinkEvents(Source):
    topics = ("link", "address", "route", "nft")

    def listen(self) -> None:
        with (
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as routes,
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as rules,
        ):
            routes.bind((0, GROUPS))
            rules.bind((0, 0))
            rules.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTABLES)
            while not self.stopping.is_set():
                ready, _, _ = select.select([routes, rules], [], [], 1.0)
                if routes in ready:
                    self._read(routes)
                if rules in ready:
                    self._drain(rules)

    def _read(self, routes: socket.socket) -> None:
        try:
            data = routes.recv(BUFFER)
        except OSError:
            # ENOBUFS: the kernel dropped messages.
            self.publish(RESYNC, "link")
            return
        place = 0
        while place + HEADER.size <= len(data):
            length, kind, *_ = HEADER.unpack_from(data, place)
            if length < HEADER.size:
                return
            if kind in TOPICS:
                self.publish(TOPICS[kind], "")
            place += (length + 3) & ~3

    def _drain(self, rules: socket.socket) -> None:
        try:
            rules.recv(BUFFER)
        except OSError:
            self.publish(RESYNC, "nft")
            return
        self.publish("nft", "")
