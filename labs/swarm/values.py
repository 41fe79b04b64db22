"""What differs from learner to learner."""

from __future__ import annotations

from lab_engine.authoring import DockerNetwork, Lab, Node, Resource, Seed, Variables

RACK = "rack"
IMAGE = "busybox"
MACHINES = (
    ("ash", "birch", "cedar"),
    ("elm", "fir", "hazel"),
    ("oak", "pine", "rowan"),
    ("maple", "larch", "willow"),
)
SHOPS = ("kiosk", "bakery", "florist", "atelier")
STORES = ("ledger", "archive", "records", "vault")
WATCHES = ("watchman", "lookout", "sentry", "warden")
NETWORKS = ("square", "alley", "arcade", "market")


class Values(Variables, frozen=True):
    """Three machines on one network, and a service that they keep running together."""

    first: str = ""
    second: str = ""
    third: str = ""
    lot: int = 0
    shop: str = ""
    street: str = ""
    count: int = 0
    sign: str = ""
    next_sign: str = ""
    store: str = ""
    watch: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        first, second, third = seed.choice("machines", MACHINES)
        shop = seed.choice("shop", SHOPS)
        return cls(
            first=first,
            second=second,
            third=third,
            lot=seed.number("lot", 20, 99),
            shop=shop,
            street=seed.choice("street", NETWORKS),
            count=seed.number("count", 3, 5),
            sign=f"The {shop} is open",
            next_sign=f"The {shop} opens at {seed.number('hour', 6, 11)}",
            store=seed.choice("store", STORES),
            watch=seed.choice("watch", WATCHES),
        )

    @property
    def machines(self) -> tuple[str, str, str]:
        return self.first, self.second, self.third

    @property
    def subnet(self) -> str:
        return f"172.31.{self.lot}.0/24"

    @property
    def address(self) -> str:
        """Where the first machine is reached."""
        return f"172.31.{self.lot}.11"

    @property
    def second_address(self) -> str:
        return f"172.31.{self.lot}.12"

    def rack(self, *, joined: bool) -> list[Resource]:
        """The machines on their network; `joined` to a swarm whose manager is the first."""
        return [
            DockerNetwork(RACK, subnet=self.subnet),
            *(
                Node(
                    name,
                    network=RACK,
                    address=f"172.31.{self.lot}.{11 + at}",
                    images=(IMAGE,),
                    joins=self.first if joined else "",
                )
                for at, name in enumerate(self.machines)
            ),
        ]

    def as_text(self) -> dict[str, str]:
        return super().as_text() | {"subnet": self.subnet, "address": self.address}


lab = Lab("swarm", Values)
