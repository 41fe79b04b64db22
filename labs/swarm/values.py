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


class Values(Variables, frozen=True):
    """Three machines on one network."""

    first: str = ""
    second: str = ""
    third: str = ""
    lot: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        first, second, third = seed.choice("machines", MACHINES)
        return cls(
            first=first,
            second=second,
            third=third,
            lot=seed.number("lot", 20, 99),
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
