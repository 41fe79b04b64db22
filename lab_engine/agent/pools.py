"""The agent's threads: one pool a family of providers, so a slow daemon delays only its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lab_engine.common.patience import patient
from lab_engine.errors import ProviderError, ProvisionTimeout
from lab_engine.families.registry import FAMILIES

T = TypeVar("T")


class Pools:
    """Runs blocking calls in the pool of their family, each with a time limit."""

    def __init__(self) -> None:
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def _pool(self, family: str) -> ThreadPoolExecutor:
        if family not in self._pools:
            its = FAMILIES.get(family)
            if its is None:
                raise ProviderError(f"there is no family of providers called {family!r}")
            self._pools[family] = ThreadPoolExecutor(its.threads, thread_name_prefix=family)
        return self._pools[family]

    async def run(
        self, family: str, limit: float, what: str, call: Callable[..., T], *args: object
    ) -> T:
        """Run `call(*args)`, for at most `limit` seconds from when a thread is free.

        Raises ProvisionTimeout after that; the thread goes on, since threads cannot be stopped,
        and ends by the time limits of its own calls.
        """
        limit = patient(limit)
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = loop.create_future()

        def work() -> T:
            loop.call_soon_threadsafe(_set, begun)
            return call(*args)

        future = loop.run_in_executor(self._pool(family), work)
        try:
            # The limit counts from here: to stand in the queue of a busy pool is no fault of the
            # call.
            await begun
            return await asyncio.wait_for(asyncio.shield(future), limit)
        except TimeoutError as error:
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise ProvisionTimeout(
                f"{what} took longer than {limit:g} s",
                hint="Try again; when it happens again, `infralab doctor` says what is slow here.",
            ) from error
        except asyncio.CancelledError:
            # Whoever undoes this work must not race with it.
            await asyncio.wait([future], timeout=limit)
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise

    def close(self) -> None:
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
