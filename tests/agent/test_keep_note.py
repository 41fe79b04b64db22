"""How often the agent looks at what ends with the bench."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from lab_engine.agent import duties
from lab_engine.agent.duties import Duties
from lab_engine.agent.ledger import Ledger
from lab_engine.agent.pools import Pools
from lab_engine.agent.remains import Note, Remains
from lab_engine.kernel import processes

TURNS = 50
"""Of the loop, which are enough for as many looks as are wanted."""


class Bench:
    """Its process numbers, and a look that starts two programs, as one with Docker does."""

    def __init__(self) -> None:
        self.newest = 100
        self.looks = 0
        self.others = 0
        self.outlived = False

    async def look(self) -> None:
        self.looks += 1
        self.newest += 2 + self.others
        self.others = 0

    async def after(self) -> int:
        """How many looks there were by now."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        return self.looks


@contextmanager
def noting(bench: Bench) -> Iterator[None]:
    stand_in = SimpleNamespace(remains=bench, _changed=False)
    task = asyncio.ensure_future(Duties.keep_note(cast(Duties, stand_in)))
    try:
        yield
    finally:
        task.cancel()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench()
    monkeypatch.setattr(duties, "NOTE_SECONDS", 0)
    monkeypatch.setattr("lab_engine.kernel.processes.newest", lambda: made.newest)
    return made


async def test_the_programs_of_a_look_do_not_ask_for_the_next(bench: Bench) -> None:
    with noting(bench):
        quiet = await bench.after()
        assert 1 <= quiet <= 3
        assert await bench.after() == quiet
        # Somebody else's does.
        bench.newest += 1
        assert await bench.after() > quiet


async def test_what_was_started_while_it_looked_asks_for_the_next(bench: Bench) -> None:
    with noting(bench):
        quiet = await bench.after()
        bench.newest += 1
        bench.others = 3
        # One for the first program; another as that one found more begun than a look does itself.
        assert await bench.after() >= quiet + 2


async def test_a_noted_program_that_has_ended_asks_for_the_next(bench: Bench) -> None:
    with noting(bench):
        quiet = await bench.after()
        bench.outlived = True
        assert await bench.after() > quiet


async def test_a_program_that_runs_is_not_outlived_and_one_that_ended_is(tmp_path: Path) -> None:
    remains = Remains(tmp_path, Ledger(tmp_path / "ledger"), Pools())

    def outlived(*keys: str) -> bool:
        remains.note = Note(things={"process": dict.fromkeys(keys, "it")})
        return remains.outlived

    program = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        process = processes.read(program.pid)
        assert process is not None
        its = f"process/{process.pid}-{process.start}"
        assert not outlived()
        assert not outlived(its, "service/web")
        # Another one with the same number is another one.
        assert outlived(f"process/{process.pid}-{process.start + 1}")
    finally:
        program.kill()
        await program.wait()
    assert outlived(its)
