"""Work that blocks, in a thread of its own and within a limit: the screens go on meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, ParamSpec, TypeVar, cast

from textual.dom import DOMNode

from lab_engine.errors import InfralabError, unexpected

P = ParamSpec("P")
T = TypeVar("T")

SECONDS: Final = 60.0
"""So long is waited for files of a class; engines have limits of their own."""


async def beside(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """What `work` gives. Raises InfralabError: its own, or what else went wrong, or the limit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: InfralabError | None) -> None:
        if done.done():
            return
        if error:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        error: InfralabError | None = None
        try:
            result = work(*args, **named)
        except InfralabError as failed:
            error = failed
        except Exception as fault:
            error = unexpected(fault)
        # The application may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result, error)

    # Not of the loop's pool: who quits does not wait for a disk that hangs.
    threading.Thread(target=run, daemon=True, name="beside").start()
    try:
        async with asyncio.timeout(SECONDS):
            return await done
    except TimeoutError:
        raise InfralabError(
            f"it was not read within {SECONDS:.0f} s",
            hint="Does the disk or the network share answer? Try again.",
        ) from None


def begin(node: DOMNode, work: Callable[[], Awaitable[None]], group: str) -> None:
    """Do something beside what goes on, instead of what still goes on in that group.

    The function is given, and not its coroutine: one that is cancelled before it began would be
    told as never awaited.
    """
    node.run_worker(cast("Any", work), group=group, exclusive=True)
