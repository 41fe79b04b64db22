"""Answers by many requests, and by those that go on while nobody asks (agent side)."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.netlink.agent import namespaces
from lab_engine.families.netlink.agent.readers import place as places
from lab_engine.families.netlink.agent.readers.place import NoPlace
from lab_engine.families.netlink.agent.readers.reach import fetch
from lab_engine.families.netlink.agent.rtnl import rtnl
from lab_engine.families.netlink.probes.reach import HttpProbe, HttpReading
from lab_engine.families.netlink.probes.traffic import (
    BODIES,
    WATCHER,
    BurstProbe,
    BurstReading,
    LinkCountersProbe,
    LinkCountersReading,
    Turn,
    WatchProbe,
    WatchReading,
)
from lab_engine.kernel import proc

BURST_SECONDS: Final = 15.0
UNASKED_SECONDS: Final = 300.0
KEPT_TURNS: Final = 200
NOWHERE: Final = "nowhere"
"""What became of a request from a place that is not there."""
_TEXT: Final = 200


def _answer(found: HttpReading) -> str:
    if not found.exists:
        return NOWHERE
    return found.problem or str(found.status)


def burst(probe: BurstProbe) -> BurstReading:
    request = HttpProbe(probe.url, probe.place, probe.seconds, host=probe.host)
    answers: Counter[str] = Counter()
    bodies: Counter[str] = Counter()
    slowest = 0.0
    deadline = time.monotonic() + BURST_SECONDS
    lock = threading.Lock()

    def one(_: int) -> None:
        nonlocal slowest
        if time.monotonic() > deadline:
            with lock:
                answers["not-sent"] += 1
            return
        began = time.monotonic()
        found = fetch(request)
        took = (time.monotonic() - began) * 1000
        with lock:
            answers[_answer(found)] += 1
            if found.status:
                slowest = max(slowest, took)
            text = found.body.strip()[:_TEXT]
            if found.ok and (text in bodies or len(bodies) < BODIES):
                bodies[text] += 1

    # Threads of their own: they enter the place's namespace one by one.
    with ThreadPoolExecutor(probe.at_once, thread_name_prefix="burst") as pool:
        list(pool.map(one, range(probe.requests)))
    return BurstReading(
        exists=answers.keys() != {NOWHERE}, answers=dict(answers), bodies=dict(bodies),
        slowest=slowest,
    )  # fmt: skip


class _Watch(threading.Thread):
    """One stream of marked requests; ends by itself when nobody asks any more."""

    def __init__(self, probe: WatchProbe) -> None:
        super().__init__(name="watch", daemon=True)
        self._request = HttpProbe(probe.url, probe.place, probe.seconds)
        self._every = max(0.02, probe.every)
        self._lock = threading.Lock()
        self._turns: deque[Turn] = deque(maxlen=KEPT_TURNS)
        self._began = time.time()
        self._sent = 0
        self._asked = time.monotonic()
        self.first = threading.Event()

    def run(self) -> None:
        while time.monotonic() - self._asked < UNASKED_SECONDS:
            at = time.time()
            answer = self._try()
            with self._lock:
                self._sent += 1
                last = self._turns[-1] if self._turns else None
                if last is not None and last.answer == answer:
                    self._turns[-1] = msgspec.structs.replace(last, count=last.count + 1)
                else:
                    self._turns.append(Turn(at, answer, 1))
            self.first.set()
            time.sleep(max(0.0, at + self._every - time.time()))

    def _try(self) -> str:
        try:
            return _answer(fetch(self._request, agent=WATCHER))
        # Whatever it was, such as an engine that does not answer: the next one may be right.
        except Exception as error:
            return type(error).__name__

    def read(self) -> WatchReading:
        self._asked = time.monotonic()
        with self._lock:
            return WatchReading(self._began, self._sent, tuple(self._turns), time.time())


_watches: Final[dict[WatchProbe, _Watch]] = {}
_watching: Final = threading.Lock()


def watch(probe: WatchProbe) -> WatchReading:
    with _watching:
        its = _watches.get(probe)
        if its is None or not its.is_alive():
            for ended in [one for one, thread in _watches.items() if not thread.is_alive()]:
                del _watches[ended]
            its = _watches[probe] = _Watch(probe)
            its.start()
    its.first.wait(probe.seconds)
    return its.read()


def counters(probe: LinkCountersProbe) -> LinkCountersReading:
    try:
        with places.network(probe.place) as descriptor:
            with rtnl(descriptor) as connection:
                found = connection.link(probe.link)
            with namespaces.inside(descriptor):
                lines = proc.read_text("thread-self/net/dev").splitlines()[2:]
    except NoPlace:
        return LinkCountersReading(exists=False)
    table = {name.strip(): rest.split() for name, _, rest in (li.partition(":") for li in lines)}
    if found is None or found.name not in table:
        return LinkCountersReading(exists=False)
    # bytes, packets, errs, drop, fifo, frame, compressed, multicast; then the same for sending.
    numbers = [int(word) for word in table[found.name]]
    return LinkCountersReading(
        index=found.index,
        received=numbers[1],
        sent=numbers[9],
        received_bytes=numbers[0],
        sent_bytes=numbers[8],
        dropped=numbers[3] + numbers[11],
    )


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {
    BurstProbe: burst,
    WatchProbe: watch,
    LinkCountersProbe: counters,
}
