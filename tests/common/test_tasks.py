from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

from lab_engine.common.tasks import begin, end, first


async def breaks() -> None:
    await asyncio.sleep(0)
    raise ValueError("it broke")


@pytest.fixture
async def heard() -> list[dict[str, Any]]:
    """What the loop's exception handler is told."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    return found


async def test_a_fault_is_told_while_somebody_still_holds_the_task(
    heard: list[dict[str, Any]],
) -> None:
    task = begin(breaks())
    await asyncio.wait([task])
    await asyncio.sleep(0)
    (context,) = heard
    assert str(context["exception"]) == "it broke"
    assert "breaks" in context["message"]


async def test_whoever_wants_to_hears_of_the_fault_instead(heard: list[dict[str, Any]]) -> None:
    mine: list[Exception] = []
    await asyncio.wait([begin(breaks(), broken=mine.append)])
    await asyncio.sleep(0)
    assert [str(error) for error in mine] == ["it broke"]
    assert not heard


async def test_an_end_that_was_asked_for_is_no_fault(heard: list[dict[str, Any]]) -> None:
    task = begin(asyncio.sleep(60))
    await end(task)
    await asyncio.sleep(0)
    assert task.cancelled()
    assert not heard


async def test_a_task_that_nobody_else_knows_is_kept() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    known = weakref.ref(begin(wait()))
    await asyncio.sleep(0)
    gc.collect()
    task = known()
    assert task is not None
    await end(task)


async def test_the_first_of_one_kind_is_raised_alone() -> None:
    async def fails(error: Exception) -> None:
        raise error

    async def both(*errors: Exception) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for error in errors:
                    group.create_task(fails(error))
        except BaseExceptionGroup as found:
            if one := first(found, KeyError):
                raise one from None
            raise

    with pytest.raises(KeyError, match="one"):
        await both(KeyError("one"), KeyError("other"))
    with pytest.raises(ExceptionGroup):
        await both(KeyError("one"), ValueError("other"))
