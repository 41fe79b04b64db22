"""The agent's threads: one pool a family of providers, so a slow daemon delays only its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

from lab_engine.common.patience import patient
from lab_engine.errors import ProviderError, ProvisionTimeout
from lab_engine.families.registry import FAMILIES
from lab_engine.kernel.syscalls import Home

T = TypeVar("T")

QUEUE_SECONDS: Final = 120.0
"""So long a call waits for a free thread."""


class Pools:
    """Runs blocking calls in the pool of their family, each with a time limit."""

    def __init__(self) -> None:
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._busy: dict[str, Counter[str]] = {}
        self._home = Home()

    def _pool(self, family: str) -> ThreadPoolExecutor:
        if family not in self._pools:
            its = FAMILIES.get(family)
            if its is None:
                raise ProviderError(f"there is no family of providers called {family!r}")
            self._pools[family] = ThreadPoolExecutor(its.threads, thread_name_prefix=family)
            self._busy[family] = Counter()
        return self._pools[family]

    async def run(
        self,
        family: str,
        limit: float,
        what: str,
        call: Callable[..., T],
        *args: object,
        queue: float = QUEUE_SECONDS,
    ) -> T:
        """Run `call(*args)`, for at most `limit` seconds from when a thread is free.

        A call that is cancelled before that is never made; one that was begun is waited for.

        Raises:
            ProvisionTimeout: it took longer, or no thread was free in `queue` seconds. A thread
                that was begun goes on, since threads cannot be stopped, and ends by the time limits
                of its own calls.
        """
        limit = patient(limit)
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = loop.create_future()
        pool = self._pool(family)
        busy = self._busy[family]

        def work() -> T:
            self._stay_at_home(family, pool)
            busy[what] += 1
            loop.call_soon_threadsafe(_set, begun)
            try:
                return call(*args)
            finally:
                busy[what] -= 1

        job = pool.submit(work)
        future = asyncio.wrap_future(job)
        try:
            await self._begun(begun, job, future, family, what, patient(queue))
            return await asyncio.wait_for(asyncio.shield(future), limit)
        except TimeoutError as error:
            future.add_done_callback(_heard)
            raise ProvisionTimeout(
                f"{what} took longer than {limit:g} s",
                hint="Try again; when it happens again, `infralab doctor` says what is slow here.",
            ) from error
        except asyncio.CancelledError:
            if not job.cancel():
                # Whoever undoes this work must not race with it.
                await asyncio.wait([future], timeout=limit)
            future.add_done_callback(_heard)
            raise

    async def _begun(
        self,
        begun: asyncio.Future[None],
        job: Future[T],
        future: asyncio.Future[T],
        family: str,
        what: str,
        limit: float,
    ) -> None:
        """Return when a thread has taken the job, or the job is over without having been begun."""
        either: list[asyncio.Future[Any]] = [begun, future]
        await asyncio.wait(either, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if begun.done() or future.done() or not job.cancel():
            return
        doing = ", ".join(sorted(name for name, count in self._busy[family].items() if count > 0))
        raise ProvisionTimeout(
            f"{what} waited {limit:g} s for its turn, and was not begun. Before it: {doing}",
            hint="Try again; when it happens again, `infralab repair` starts the daemons anew.",
        )

    def _stay_at_home(self, family: str, pool: ThreadPoolExecutor) -> None:
        """Bring this thread back from where an earlier call left it; else make no call in it.

        Raises ProviderError; the family then gets new threads.
        """
        if self._home.here() or self._home.come_back():
            return
        if self._pools.get(family) is pool:
            del self._pools[family]
            pool.shutdown(wait=False)
        raise ProviderError(
            "a thread of the agent could not leave a namespace that it had entered",
            hint="Try again: another thread does it then.",
        )

    def close(self) -> None:
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._home.close()


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _heard(done: asyncio.Future[T]) -> None:
    """What a call that nobody waits for any more raised is nobody's."""
    if not done.cancelled():
        done.exception()
