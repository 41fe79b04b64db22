"""What differs from learner to learner, and how the engine is asked without `docker`."""

from __future__ import annotations

from lab_engine.authoring import Lab, Seed, Variables

WORK = "/home/learner/work"
RACK = "rack"
BOXES = ("parcel", "crate", "basket", "trunk", "barrel")
GUESTS = ("visitor", "lodger", "tourist", "stranger", "traveller")
BEATS = ("pulse", "metronome", "drum", "clock", "heart")
FARS = ("harbour", "island", "outpost", "village", "meadow")
JOBS = ("errand", "chore", "mission", "delivery", "journey")


class Values(Variables, frozen=True):
    """Names of containers and of a machine, how long each `sleep` is to take, a limit."""

    box: str = ""
    seconds: int = 0
    mib: int = 0
    guest: str = ""
    guest_seconds: int = 0
    record: str = ""
    beat: str = ""
    far: str = ""
    lot: int = 0
    job: str = ""
    job_seconds: int = 0

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        guest = seed.choice("guest", GUESTS)
        return cls(
            box=f"{seed.choice('box', BOXES)}{seed.number('box-number', 10, 99)}",
            seconds=seed.number("seconds", 40000, 49999),
            mib=seed.number("mib", 33, 63),
            guest=guest,
            guest_seconds=seed.number("guest-seconds", 50000, 59999),
            record=f"{guest}.json",
            beat=seed.choice("beat", BEATS),
            far=seed.choice("far", FARS),
            lot=seed.number("lot", 20, 99),
            job=seed.choice("job", JOBS),
            job_seconds=seed.number("job-seconds", 60000, 69999),
        )

    @property
    def bytes(self) -> int:
        """The limit as the engine wants it."""
        return self.mib << 20

    @property
    def subnet(self) -> str:
        return f"172.31.{self.lot}.0/24"

    @property
    def address(self) -> str:
        """Where the other machine is."""
        return f"172.31.{self.lot}.21"

    def as_text(self) -> dict[str, str]:
        return super().as_text() | {
            "bytes": str(self.bytes),
            "subnet": self.subnet,
            "address": self.address,
        }


lab = Lab("docker-engine", Values)

CURL = "curl -s --unix-socket /run/docker.sock"


def post(path: str, body: str = "") -> str:
    """A request that asks the engine to do something."""
    sent = f" -H 'Content-Type: application/json' -d '{body}'" if body else ""
    return f"{CURL} -X POST{sent} 'http://docker{path}'"
