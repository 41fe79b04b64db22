"""A bench on which requirements are tried: what a learner types, then one statement about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from lab_engine import protocol as p
from lab_engine.bench.connection import Connection, relay_argv
from lab_engine.bench.container import Bench
from lab_engine.common.evidence import See, Unmet
from lab_engine.common.probe import Probe
from lab_engine.course.verdict import Outcome
from lab_engine.session.check import Inquiry
from tests.bench.conftest import image_tag, make_bench, ok

__all__ = ["bench", "image_tag", "make_bench", "stage"]

Statement = Callable[[See], Awaitable[object]]
SETTLES = 5.0


@pytest.fixture(scope="session")
def bench(make_bench: Callable[..., Bench]) -> Bench:
    """A bench with Docker and the small images, shared by all statements."""
    made = make_bench("requirements")
    ok(made.run(["/usr/lib/infralab/bin/start-docker"]))
    for name in ("busybox", "myapp"):
        ok(made.run(["docker", "load", "-q", "-i", f"/usr/lib/infralab/images/{name}.tar"]))
    return made


class Stage:
    """The bench, with somebody who types in it and somebody who asks about it."""

    def __init__(self, bench: Bench, link: Connection) -> None:
        self.bench = bench
        self.link = link
        self.before: dict[str, bytes] | None = None

    async def ask(self, probes: Sequence[Probe[Any]]) -> list[p.Answer]:
        return await self.link.request(p.Ask, list[p.Answer], probes=tuple(probes))

    async def type(self, script: str, *, user: str = "learner") -> str:
        """Run a script that must succeed, as the learner."""
        done = await asyncio.to_thread(
            self.bench.run, ["bash", "-ec", script], user=user, workdir="/home/learner/work"
        )
        assert done.exit_code == 0, (done.stdout + done.stderr).decode(errors="replace")
        return done.stdout.decode().strip()

    async def start(self, statement: Statement) -> None:
        """Take the readings of a step's start, as entering a step does."""
        sight = Inquiry(self.ask, None)
        with suppress(Unmet):
            await statement(sight)
        self.before = dict(sight.readings)

    async def reason(self, statement: Statement, *, settled: str = "") -> str:
        """`pass`, or the reason of the fail. With `settled`, waits until it is that one."""
        deadline = asyncio.get_running_loop().time() + SETTLES
        while True:
            found = await self._reason(statement)
            if found == settled or asyncio.get_running_loop().time() > deadline or not settled:
                return found
            await asyncio.sleep(0.1)

    async def _reason(self, statement: Statement) -> str:
        try:
            await statement(Inquiry(self.ask, self.before))
        except Unmet as unmet:
            evidence = unmet.evidence
            look = evidence.look
            done = await asyncio.to_thread(
                self.bench.run, ["bash", "-c", look], user="learner", workdir="/home/learner/work"
            )
            said = f"{look}: {done.stderr.decode(errors='replace')}"
            assert (done.exit_code != 0) is evidence.look_fails, said
            return evidence.reason
        return str(Outcome.PASS)


@asynccontextmanager
async def connected(bench: Bench) -> AsyncIterator[Connection]:
    """A way to the bench's agent, closed also when a test or its clearing fails.

    Left open, it would be found by a later test of the same process, and told as its failure.
    """
    link = Connection(relay_argv(bench))
    try:
        await link.open(steal=True)
        yield link
    finally:
        await link.close()


@pytest.fixture
async def stage(bench: Bench) -> AsyncIterator[Stage]:
    """The stage, cleared of containers, processes and files afterwards."""
    async with connected(bench) as link:
        stage = Stage(bench, link)
        await stage.type("mkdir -p ~/work", user="learner")
        yield stage
        await stage.type(
            "docker ps -aq | xargs -r docker rm -f >/dev/null; docker network prune -f >/dev/null; "
            "docker volume ls -q | xargs -r docker volume rm >/dev/null; "
            "sudo pkill -f '[s]leep 4[0-9]{4}' || true; rm -rf ~/work/*"
        )
