"""Statements about many requests: a burst, a stream while somebody works, and counters."""

from __future__ import annotations

import pytest

from lab_engine.authoring import (
    LinkCountersProbe,
    See,
    place,
    require_burst,
    require_grown,
    require_nothing_lost,
    require_turn,
)
from tests.requirements.conftest import Stage, Statement

pytestmark = [pytest.mark.bench]

PORT = 8077
URL = f"http://127.0.0.1:{PORT}/"
SERVER = r"""
import http.server, itertools, sys, time
turns = itertools.cycle(sys.argv[2].split(","))
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        word = next(turns)
        if word in ("slow", "late"): time.sleep(0.4 if word == "slow" else 1.5)
        self.send_response(503 if word == "bad" else 200)
        self.end_headers(); self.wfile.write(word.encode())
    def log_message(self, *words): open("log", "a").write(self.headers["User-Agent"] + "\n")
class Server(http.server.ThreadingHTTPServer): request_queue_size = 128
Server(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
WRITE = f"cat > traffic_server.py <<'END'\n{SERVER}END\n"
ASKED = "until grep -qs infralab-watch log; do sleep 0.05; done"
END = "sudo pkill -xf 'python3 traffic_server.py.*' || true"


def serve(words: str, port: int = PORT) -> str:
    ready = f"until ss -Hltn 'sport = {port}' | grep -q .; do sleep 0.05; done"
    run = f"setsid -f python3 traffic_server.py {port} {words} >/dev/null 2>&1"
    return f"{WRITE}{run}; {ready}"


async def both(see: See) -> None:
    await require_burst(see, URL, requests=24, at_once=6, bodies=["a", "b"])


async def limited(see: See) -> None:
    await require_burst(see, URL, answers=["200", "503"])


async def quick(see: See) -> None:
    await require_burst(see, URL, slowest=300)


async def gone(see: See) -> None:
    await require_burst(see, URL, place.container("nobody"))


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (both, serve("a,b"), "pass"),
        (both, serve("a,a,a,b"), "pass"),
        (both, serve("a"), "missing-page"),
        (both, serve("a,b,c"), "other-page"),
        (both, serve("a,b,a,b,a,b,bad"), "other-answers"),
        (both, "true", "other-answers"),
        (limited, serve("a,bad"), "pass"),
        (limited, serve("a"), "missing"),
        (limited, serve("bad"), "missing"),
        (quick, serve("a"), "pass"),
        (quick, serve("a,a,a,slow"), "too-slow"),
        (gone, "true", "no-place"),
    ],
)
async def test_bursts(stage: Stage, statement: Statement, script: str, reason: str) -> None:
    try:
        await stage.type(script)
        assert await stage.reason(statement) == reason
    finally:
        await stage.type(END)


async def nothing_lost(see: See) -> None:
    await require_nothing_lost(see, URL, least=8, every=0.05)


async def patient(see: See) -> None:
    await require_nothing_lost(see, URL, least=3, every=0.05, seconds=5)


async def turned(see: See) -> None:
    await require_turn(see, URL, answers=["refused", "200"], every=0.05)


async def turned_back(see: See) -> None:
    await require_turn(see, URL, answers=["200", "503"], every=0.05)


UP, DOWN, WAIT = serve("a"), END, "sleep 1"
WEAK, LATE = serve("bad"), serve("a,late")


@pytest.mark.parametrize(
    ("statement", "at_start", "script", "reason"),
    [
        (nothing_lost, UP, WAIT, "pass"),
        (nothing_lost, "true", f"{UP}; {WAIT}", "pass"),
        (nothing_lost, "true", WAIT, "never-answered"),
        (nothing_lost, UP, f"{WAIT}; {DOWN}; sleep 0.3; {UP}; {WAIT}", "lost"),
        (nothing_lost, UP, f"{WAIT}; {DOWN}; {WEAK}; {WAIT}; {DOWN}; {UP}; {WAIT}", "lost"),
        (nothing_lost, "true", f"{UP}; {WAIT}; {DOWN}; sleep 0.3", "lost"),
        (nothing_lost, LATE, "sleep 3", "lost"),
        (patient, LATE, "sleep 3", "pass"),
        (patient, LATE, f"sleep 3; {DOWN}; {WEAK}; {WAIT}", "lost"),
        (turned, "true", f"{UP}; sleep 0.4", "pass"),
        (turned, UP, f"{WAIT}; {DOWN}; sleep 0.4; {UP}; sleep 0.4", "pass"),
        (turned, UP, WAIT, "never"),
        (turned, UP, f"{WAIT}; {DOWN}; sleep 0.4", "other-order"),
        (turned_back, UP, f"{WAIT}; {DOWN}; {WEAK}; {WAIT}", "pass"),
        (turned_back, WEAK, f"{WAIT}; {DOWN}; {UP}; {WAIT}", "other-order"),
    ],
)
async def test_streams(
    stage: Stage, statement: Statement, at_start: str, script: str, reason: str
) -> None:
    try:
        await stage.type(f"rm -f log; {at_start}")
        # An earlier case's requests go on: the step must not begin with their answer from before.
        await stage.type(f"timeout 2 sh -c '{ASKED}' || true")
        await stage.start(statement)
        await stage.type(script)
        assert await stage.reason(statement, settled=reason) == reason
        assert "infralab-watch" in await stage.type("cat log 2>/dev/null || echo infralab-watch")
    finally:
        await stage.type(END)


PING = "sudo ip netns exec red ping -qc {} 10.9.0.1"
MADE = (
    "sudo ip netns add red; sudo ip link add v-red type veth peer name eth0 netns red; "
    "sudo ip -n red addr add 10.9.0.2/24 dev eth0; sudo ip -n red link set eth0 up; "
    "sudo ip addr add 10.9.0.1/24 dev v-red; sudo ip link set v-red up; "
    f"{PING.format('20 -i 0.1')}"
)
AGAIN = "sudo ip link del v-red; sudo ip netns del red"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "not-grown"),
        (PING.format("2 -i 0.1"), "not-grown"),
        (PING.format("12 -i 0.1"), "pass"),
        (f"{AGAIN}; {MADE}", "pass"),
        (f"{AGAIN}; {MADE.replace('20 -i 0.1', '1')}", "not-grown"),
    ],
)
async def test_counters(stage: Stage, script: str, reason: str) -> None:
    async def received(see: See) -> None:
        await require_grown(
            see, LinkCountersProbe("v-red"), lambda r: r.received, what="packets received", by=10,
            same=lambda r: r.index, look="ip -s link show v-red",
        )  # fmt: skip

    try:
        await stage.type(MADE)
        await stage.start(received)
        await stage.type(script)
        assert await stage.reason(received) == reason
    finally:
        await stage.type(f"{AGAIN} || true")
