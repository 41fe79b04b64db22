"""What differs from learner to learner."""

from __future__ import annotations

from lab_engine.authoring import DockerNetwork, Lab, Node, Resource, Seed, Variables

RACK = "rack"
IMAGE = "busybox"
MACHINES = (("alder", "aspen"), ("lime", "spruce"), ("juniper", "laurel"), ("acacia", "cypress"))
SHOPS = ("bookshop", "teashop", "toyshop", "hatshop")
STORES = ("ledger", "archive", "journal", "register")
VOLUMES = ("orders", "invoices", "bookings", "receipts")
ROOMS = ((160, 96, 256), (200, 120, 320), (150, 90, 240), (180, 110, 290))
"""MiB of the store, of one shop, and of what a machine may promise: the store and one shop fit on
one machine, two shops on the other, and three shops on none."""


class Values(Variables, frozen=True):
    """Two machines on one network, and an application that nobody looks after but the learner."""

    first: str = ""
    second: str = ""
    lot: int = 0
    shop: str = ""
    store: str = ""
    volume: str = ""
    large: int = 0
    small: int = 0
    room: int = 0
    port: int = 0
    sign: str = ""
    owner: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        first, second = seed.choice("machines", MACHINES)
        large, small, room = seed.choice("room", ROOMS)
        store = seed.choice("store", STORES)
        return cls(
            first=first,
            second=second,
            lot=seed.number("lot", 20, 99),
            shop=seed.choice("shop", SHOPS),
            store=store,
            volume=seed.choice("volume", VOLUMES),
            large=large,
            small=small,
            room=room,
            port=seed.number("port", 8001, 8999),
            sign=f"The {store} has page {seed.number('page', 100, 999)}",
            owner=seed.number("owner", 2001, 2999),
        )

    @property
    def subnet(self) -> str:
        return f"172.31.{self.lot}.0/24"

    @property
    def first_address(self) -> str:
        return f"172.31.{self.lot}.11"

    @property
    def second_address(self) -> str:
        return f"172.31.{self.lot}.12"

    def rack(self) -> list[Resource]:
        """The machines on their network, each with an engine of its own."""
        return [
            DockerNetwork(RACK, subnet=self.subnet),
            Node(self.first, network=RACK, address=self.first_address, images=(IMAGE,)),
            Node(self.second, network=RACK, address=self.second_address, images=(IMAGE,)),
        ]

    def as_text(self) -> dict[str, str]:
        return super().as_text() | {
            "subnet": self.subnet,
            "first_address": self.first_address,
            "second_address": self.second_address,
        }


lab = Lab("five-questions", Values)
