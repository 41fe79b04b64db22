"""Tasks that somebody owns: held until they end, and heard when they fail.

The loop holds its tasks only weakly, and tells of an exception that nobody asked for when the task
is collected, which may be never. So work beside other work is begun here, and ended here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeVar

STUBBORN: Final = 1.0
"""Seconds after which a cancellation is repeated."""

Broken = Callable[[Exception], None]

_begun: set[asyncio.Task[Any]] = set()


def begin(work: Coroutine[Any, Any, None], *, broken: Broken | None = None) -> asyncio.Task[None]:
    """Do something beside what goes on; `end` ends it.

    Args:
        work: says itself what an expected error means; what it raises all the same is a fault.
        broken: called on the loop with that fault; else the loop's exception handler is, whose
            default is to log it with its traceback.
    """
    task = asyncio.create_task(work)  # noqa: TID251 -- the one place
    _begun.add(task)
    task.add_done_callback(partial(_ended, broken=broken))
    return task


def _ended(task: asyncio.Task[Any], *, broken: Broken | None) -> None:
    _begun.discard(task)
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Exception):
        if broken:
            broken(error)
        else:
            report(error, f"{task.get_coro()} broke")


def report(error: Exception, what: str) -> None:
    """Tell the loop's exception handler of an error that nobody waits for."""
    asyncio.get_running_loop().call_exception_handler({"message": what, "exception": error})


Expected = TypeVar("Expected", bound=Exception)


def first(group: BaseExceptionGroup[Any], kind: type[Expected]) -> Expected | None:
    """The first error of a TaskGroup's when all are of that kind; None when one is another.

    To be raised in its place, from an ordinary `except`. In `except*` Python before 3.11.4 makes a
    group again of what is raised there, and nobody catches that.
    """
    mine, others = group.split(kind)
    if others is not None:
        return None
    error: object = mine
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, kind) else None


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for its end.

    More than once if need be: until Python 3.12, `asyncio.wait_for` loses a cancellation that comes
    at the moment when what it waits for is done.
    """
    while not task.done():
        task.cancel()
        # `wait`: to await the task itself would raise its cancellation here, as if it were ours.
        await asyncio.wait([task], timeout=STUBBORN)
