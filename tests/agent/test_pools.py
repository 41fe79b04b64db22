"""The agent's threads: time limits, cancellations, and where they stand."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from lab_engine.agent.pools import Pools
from lab_engine.errors import ProviderError, ProvisionTimeout
from lab_engine.families.registry import FAMILIES
from lab_engine.kernel import syscalls

FAMILY = "files"
THREADS = FAMILIES[FAMILY].threads


@pytest.fixture
def pools() -> Iterator[Pools]:
    made = Pools()
    yield made
    made.close()


class Jam:
    """Calls that keep every thread of a family until they are let go."""

    def __init__(self, pools: Pools, count: int = THREADS) -> None:
        self.free = threading.Event()
        self._begun = threading.Semaphore(0)
        self._count = count
        self.calls = [
            asyncio.ensure_future(pools.run(FAMILY, 30, "a slow call", self._call))
            for _ in range(count)
        ]

    def _call(self) -> None:
        self._begun.release()
        assert self.free.wait(30)

    async def stands(self) -> None:
        for _ in range(self._count):
            await asyncio.to_thread(self._begun.acquire)

    async def over(self) -> None:
        self.free.set()
        await asyncio.gather(*self.calls, return_exceptions=True)


async def test_a_call_that_no_thread_takes_is_told_and_never_made(pools: Pools) -> None:
    jam, made = Jam(pools), threading.Event()
    await jam.stands()
    with pytest.raises(ProvisionTimeout, match=r"was not begun\. Before it: a slow call"):
        await pools.run(FAMILY, 30, "a queued call", made.set, queue=0.05)
    await jam.over()
    await pools.run(FAMILY, 30, "the next call", lambda: None)
    assert not made.is_set()


async def test_a_cancelled_call_that_is_queued_is_never_made(pools: Pools) -> None:
    jam, made = Jam(pools), threading.Event()
    await jam.stands()
    queued = asyncio.ensure_future(pools.run(FAMILY, 30, "a queued call", made.set))
    await asyncio.sleep(0)
    queued.cancel()
    with pytest.raises(asyncio.CancelledError):
        # At once: it does not wait for the threads that are busy.
        await asyncio.wait_for(queued, 5)
    await jam.over()
    await pools.run(FAMILY, 30, "the next call", lambda: None)
    assert not made.is_set()


async def test_a_cancelled_call_that_was_begun_is_waited_for(pools: Pools) -> None:
    jam = Jam(pools, 1)
    await jam.stands()
    jam.calls[0].cancel()
    done, _ = await asyncio.wait(jam.calls, timeout=0.2)
    assert not done
    jam.free.set()
    with pytest.raises(asyncio.CancelledError):
        await jam.calls[0]


async def test_a_call_that_takes_too_long_is_told(pools: Pools) -> None:
    free = threading.Event()
    with pytest.raises(ProvisionTimeout, match=r"it took longer than 0\.05 s"):
        await pools.run(FAMILY, 0.05, "it", free.wait, 30)
    free.set()


async def test_what_a_call_raises_is_raised(pools: Pools) -> None:
    def broken() -> None:
        raise ProviderError("no such thing")

    with pytest.raises(ProviderError, match="no such thing"):
        await pools.run(FAMILY, 5, "it", broken)


def network() -> int:
    return os.stat("/proc/thread-self/ns/net").st_ino


def go_abroad() -> None:
    syscalls.unshare(syscalls.CLONE_NEWNET)


@pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces, as root")
async def test_a_thread_that_was_left_abroad_comes_back_before_its_next_call(pools: Pools) -> None:
    at_home = network()
    for _ in range(THREADS):
        await pools.run(FAMILY, 5, "it", go_abroad)
    seen = {await pools.run(FAMILY, 5, "where", network) for _ in range(2 * THREADS)}
    assert seen == {at_home}


@pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces, as root")
async def test_no_call_is_made_in_a_thread_that_cannot_come_back(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home = network()
    for _ in range(THREADS):
        await pools.run(FAMILY, 5, "it", go_abroad)

    def refused(descriptor: int, kind: int) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(syscalls, "setns", refused)
    answers: list[object] = []
    refusals: list[str] = []
    # Which thread takes which call is not ours to say: one that is abroad may get none at first.
    while not refusals:
        calls = (pools.run(FAMILY, 5, "where", network) for _ in range(2 * THREADS))
        answers += await asyncio.gather(*calls, return_exceptions=True)
        refusals = [str(one) for one in answers if isinstance(one, ProviderError)]
    answers.append(await pools.run(FAMILY, 5, "where", network))
    assert "could not leave a namespace" in refusals[0]
    assert {one for one in answers if not isinstance(one, ProviderError)} == {at_home}
