"""Links, addresses, routes and firewall rules of the bench's own network namespace.

Source: rtnetlink(7), netfilter's `nftables` multicast group (NFNLGRP_NFTABLES).
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from typing import Any, Final

from pyroute2 import AsyncIPRSocket
from pyroute2.netlink import rtnl
from pyroute2.netlink.marshal import Marshal
from pyroute2.netlink.nfnetlink import NFNLGRP_NFTABLES
from pyroute2.netlink.nfnetlink.nftsocket import AsyncNFTSocket

from lab_engine.common.probe import RESYNC
from lab_engine.common.tasks import begin, end
from lab_engine.families.source import Source

_GROUPS: Final = (
    rtnl.RTMGRP_LINK
    | rtnl.RTMGRP_IPV4_IFADDR
    | rtnl.RTMGRP_IPV4_ROUTE
    | rtnl.RTMGRP_IPV6_IFADDR
    | rtnl.RTMGRP_IPV6_ROUTE
)
_TOPICS: Final = {
    rtnl.RTM_NEWLINK: "link",
    rtnl.RTM_DELLINK: "link",
    rtnl.RTM_NEWADDR: "address",
    rtnl.RTM_DELADDR: "address",
    rtnl.RTM_NEWROUTE: "route",
    rtnl.RTM_DELROUTE: "route",
}
_LOOK_SECONDS: Final = 1.0


class NetlinkEvents(Source):
    topics = ("link", "address", "route", "nft")

    def listen(self) -> None:
        while not self.stopping.is_set():
            try:
                asyncio.run(self._listen())
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                # The kernel dropped messages; pyroute2's socket is of no use after that.
                self.publish(RESYNC, "link")

    async def _listen(self) -> None:
        async with AsyncIPRSocket() as networks, AsyncNFTSocket() as rules:
            await networks.bind(groups=_GROUPS)
            # A bit mask of groups, which are counted from 1 (netlink(7)).
            await rules.bind(groups=1 << (NFNLGRP_NFTABLES - 1))
            broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            def tell(error: Exception) -> None:
                if not broken.done():
                    broken.set_exception(error)

            heard = [
                begin(self._hear(networks, _TOPICS, ""), broken=tell),
                begin(self._hear(rules, {}, "nft"), broken=tell),
            ]
            try:
                while not (broken.done() or self.stopping.is_set()):
                    # `stopping` is set by another thread, and cannot be awaited here.
                    await asyncio.wait([broken], timeout=_LOOK_SECONDS)
                if broken.done():
                    broken.result()
            finally:
                for task in heard:
                    await end(task)

    async def _hear(self, connection: Any, topics: Mapping[int, str], otherwise: str) -> None:
        """Publish the topic of each message by its type."""
        # What a message says is not read: a step with a hundred hosts sends a thousand, at 0.3 ms
        # each if they were decoded.
        connection.set_marshal(Marshal())
        while True:
            async for message in connection.get():
                if topic := topics.get(message["header"]["type"], otherwise):
                    self.publish(topic, "")
