"""What differs from learner to learner, and what several steps make."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables

CREWS = ("deck", "mast", "rope", "sail", "keel", "oar")
PAIRS = (("alder", "birch"), ("cedar", "larch"), ("maple", "rowan"), ("hazel", "aspen"))
SERVERS = 10
SUBNET = "192.168.140.0/24"
NETWORK = "farm"


class Values(Variables, frozen=True):
    """Ports, names, and a limit in MiB."""

    first: int = 0
    last: int = 0
    crew: str = ""
    limit: int = 0
    one: str = ""
    two: str = ""
    metal_a: int = 0
    metal_b: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        first = seed.number("first", 8100, 8180)
        metal = seed.number("metal", 8300, 8380)
        one, two = seed.choice("pair", PAIRS)
        return cls(
            first=first,
            last=first + SERVERS - 1,
            crew=seed.choice("crew", CREWS),
            limit=seed.choice("limit", (20, 24, 28, 36, 40)),
            one=one,
            two=two,
            metal_a=metal,
            metal_b=metal + 1,
        )

    @property
    def ports(self) -> range:
        return range(self.first, self.last + 1)

    @property
    def fleet(self) -> tuple[str, ...]:
        return tuple(f"{self.crew}{number}" for number in range(SERVERS))


lab = Lab("ten-web-servers", Values)
