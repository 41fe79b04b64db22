"""What differs from learner to learner, and what several steps make."""

from __future__ import annotations

from lab_engine.authoring import IncusImage, Lab, Seed, Variables

SHOPS = ("bakery", "florist", "grocer", "tailor", "cobbler")
TENANTS = (("bank", "clinic"), ("museum", "school"), ("theatre", "garage"), ("harbour", "mill"))
CREWS = ("till", "desk", "stall", "booth")
WORKERS = 5
LARGE = 32 << 20
FRONT = "127.0.0.1:8000"
CLOUD = "10.99.0.1"
IMAGE = IncusImage("web", description="a web server that says its name")


class Values(Variables, frozen=True):
    """Names, a port, and sizes in MiB."""

    shop: str = ""
    size: int = 0
    port: int = 0
    first: str = ""
    second: str = ""
    page: str = ""
    crew: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        first, second = seed.choice("tenants", TENANTS)
        return cls(
            shop=f"{seed.choice('shop', SHOPS)}{seed.number('shop-number', 2, 9)}",
            size=seed.choice("size", (40, 48, 56, 72, 80)),
            port=seed.number("port", 8444, 8499),
            first=first,
            second=second,
            page=f"page{seed.number('page', 11, 99)}",
            crew=seed.choice("crew", CREWS),
        )

    @property
    def workers(self) -> tuple[str, ...]:
        return tuple(f"{self.crew}{number}" for number in range(1, WORKERS + 1))


lab = Lab("a-cloud-of-your-own", Values)


def address(number: int) -> str:
    """Where the balancer expects the worker of that number."""
    return f"10.77.0.1{number}"
