"""What differs from learner to learner."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables

FIRMS = ("bakery", "florist", "brewery", "dairy")
CUSTOMERS = ("anna", "bruno", "carla", "dario")
JOBS = ("invoice", "report", "payroll", "backup")


class Values(Variables, frozen=True):
    """A customer and their part of the cluster; a job that runs once, and its size."""

    firm: str = ""
    customer: str = ""
    pods: int = 0
    job: str = ""
    mib: int = 0
    half: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        return cls(
            firm=seed.choice("firm", FIRMS),
            customer=seed.choice("customer", CUSTOMERS),
            pods=seed.number("pods", 4, 9),
            job=seed.choice("job", JOBS),
            mib=seed.number("mib", 33, 90),
            half=seed.number("half", 3, 7),
        )

    @property
    def cpus(self) -> float:
        return self.half / 10

    def as_text(self) -> dict[str, str]:
        return super().as_text() | {"cpus": f"{self.cpus:g}"}


lab = Lab("rented-clusters", Values)
