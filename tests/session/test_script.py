"""Scripts in a bench end with whoever awaits them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from lab_engine.bench.container import Bench
from lab_engine.errors import InfralabError
from lab_engine.session.script import run_script, show_script

pytestmark = [pytest.mark.bench, pytest.mark.slow]
MARK = "typing-on"
LOOP = f"exec -a {MARK} bash -c 'trap : TERM INT; while :; do sleep 0.1; done'"
STUBBORN = [f"( {LOOP} ) &", f'sudo bash -c "{LOOP}" &', "wait"]
"""One that ignores the signals with which one asks, and one that is root's."""


@pytest.fixture(scope="module")
def bench(image_tag: str) -> Iterator[Bench]:
    made = Bench.create(f"t{os.getpid()}-script", memory=1 << 30, tag=image_tag)
    yield made
    made.remove()


def running(bench: Bench) -> int:
    return len(bench.run(["pgrep", "-f", f"^{MARK}"]).stdout.split())


async def until(bench: Bench, count: int) -> None:
    for _ in range(150):
        if await asyncio.to_thread(running, bench) == count:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"never {count}, but {running(bench)}")


def run(bench: Bench, limit: float) -> Coroutine[Any, Any, object]:
    return run_script(bench, STUBBORN, limit=limit)


def show(bench: Bench, limit: float) -> Coroutine[Any, Any, object]:
    return show_script(bench, STUBBORN, lambda _: None, limit=limit)


Begin = Callable[[Bench, float], Coroutine[Any, Any, object]]


@pytest.mark.parametrize("begin", [run, show])
async def test_one_that_is_stopped_stops_in_the_bench(bench: Bench, begin: Begin) -> None:
    script = asyncio.ensure_future(begin(bench, 60))
    await until(bench, 2)
    script.cancel()
    with pytest.raises(asyncio.CancelledError):
        await script
    await until(bench, 0)


@pytest.mark.parametrize("begin", [run, show])
async def test_one_that_takes_too_long_stops_in_the_bench(bench: Bench, begin: Begin) -> None:
    with pytest.raises(InfralabError, match="took longer than 3 s"):
        await begin(bench, 3)
    await until(bench, 0)


async def test_what_it_leaves_in_the_background_stays_and_its_code_is_told(bench: Bench) -> None:
    ran = await run_script(bench, [f"( {LOOP} ) >/dev/null 2>&1 &", "echo done", "exit 7"])
    assert ran.exit_code
    assert ran.output == "done\n"
    await until(bench, 1)
    bench.run(["pkill", "-KILL", "-f", f"^{MARK}"])
