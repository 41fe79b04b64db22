"""Questions by many requests: all at once, or one after the other while the learner works.

Each request is a GET from a place, as `HttpProbe` sends it. What became of one is a text: the
status (`200`), or a problem of `reach.py` (`refused`, `timeout`, `closed`, ...).
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.place import BENCH, Place, Placed
from lab_engine.common.probe import Probe, Reading
from lab_engine.families.netlink.probes.reach import TOPICS, host_problem

MOST_REQUESTS = 500
MOST_AT_ONCE = 64
BODIES = 32
WATCHER = "infralab-watch"
"""What the marked requests call themselves (User-Agent), so that they are told in a log."""


class BurstReading(Reading, frozen=True):
    """`answers` counts what became of the requests, `bodies` the different texts of good answers.

    At most BODIES texts are told apart, each by its first 200 characters. `slowest` is in
    milliseconds, of those that got an answer.
    """

    drifts: ClassVar[frozenset[str]] = frozenset({"slowest"})

    exists: bool = True
    answers: dict[str, int] = msgspec.field(default_factory=dict)
    bodies: dict[str, int] = msgspec.field(default_factory=dict)
    slowest: float = 0.0

    @property
    def sent(self) -> int:
        return sum(self.answers.values())


class BurstProbe(Placed, Probe[BurstReading], frozen=True, tag="burst"):
    """`requests` GETs, `at_once` of them side by side, each on a connection of its own.

    `seconds` is how long each may take. `host` is what the header `Host` says, if not the URL's.

    Example::

        BurstProbe("http://10.0.0.10:8080/", requests=50, at_once=10)
        reading.answers == {"200": 50} and len(reading.bodies) == 2
    """

    url: str
    place: Place = BENCH
    requests: int = 20
    at_once: int = 4
    seconds: float = 2.0
    host: str = ""

    reading: ClassVar[type[msgspec.Struct]] = BurstReading

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0 < self.requests <= MOST_REQUESTS and 0 < self.at_once <= MOST_AT_ONCE):
            raise ValueError(
                f"a burst has 1 to {MOST_REQUESTS} requests, 1 to {MOST_AT_ONCE} at once"
            )
        if host_problem(self.host):
            raise ValueError(host_problem(self.host))

    def topics(self) -> frozenset[str]:
        return TOPICS


class Turn(msgspec.Struct, frozen=True):
    """From this moment on (seconds since 1970) the answer was another one; `count` in a row."""

    at: float
    answer: str
    count: int


class WatchReading(Reading, frozen=True):
    """What became of the marked requests since `began` (seconds since 1970), in order.

    `turns` are the latest 200. `sent` counts them all.
    """

    drifts: ClassVar[frozenset[str]] = frozenset({"sent", "turns", "now"})

    began: float
    sent: int = 0
    turns: tuple[Turn, ...] = ()
    now: float = 0.0

    def since(self, moment: float) -> tuple[Turn, ...]:
        """The turns at or after a moment, and the one that lasted until then."""
        first = max((i for i, one in enumerate(self.turns) if one.at <= moment), default=0)
        return self.turns[first:]


class WatchProbe(Placed, Probe[WatchReading], frozen=True, tag="watch"):
    """Marked GETs from a place, one after the other, from the first question on.

    The bench sends one every `every` seconds, and goes on until nobody has asked for five minutes.
    So the first question belongs at the step's start: `see.before` asks it.

    Example::

        WatchProbe("http://10.0.0.10:8080/", every=0.1)
        all(turn.answer == "200" for turn in reading.turns)
    """

    url: str
    place: Place = BENCH
    every: float = 0.1
    seconds: float = 1.0

    reading: ClassVar[type[msgspec.Struct]] = WatchReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class LinkCountersReading(Reading, frozen=True):
    """What an interface counted since it was made; `index` tells it from a later one."""

    drifts: ClassVar[frozenset[str]] = frozenset(
        {"received", "sent", "received_bytes", "sent_bytes", "dropped"}
    )

    exists: bool = True
    index: int = 0
    received: int = 0
    sent: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    dropped: int = 0


class LinkCountersProbe(Placed, Probe[LinkCountersReading], frozen=True, tag="link-counters"):
    """The counters of an interface, in packets and bytes, as in `ip -s link`.

    Example::

        LinkCountersProbe("eth0", place.host("red"))
        reading.received > 0
    """

    link: str
    place: Place = BENCH

    reading: ClassVar[type[msgspec.Struct]] = LinkCountersReading

    def topics(self) -> frozenset[str]:
        return TOPICS
