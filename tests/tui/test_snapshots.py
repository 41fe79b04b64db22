"""A few screens as pictures, at the three sizes. `pytest --snapshot-update` takes them anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tui.conftest import Running
from tests.tui.standin import World

Start = Callable[..., Any]
SIZES = [(80, 24), (120, 40), (160, 50)]
NAMES = [f"{width}x{height}" for width, height in SIZES]


async def picture(running: Running) -> str:
    """The screen as text, with what differs from run to run left out."""
    await running.still()
    text = running.screen_text()
    variables = running.desk.page.variables
    if variables is not None:
        name = str(variables.bridge)
        text = text.replace(name, "my_bridge_".ljust(len(name), "X"))
    return "\n" + "\n".join(line.rstrip() for line in text.split("\n")) + "\n"


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_the_course(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start(size=size) as running:
        assert await picture(running) == snapshot


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_a_lesson(start: Start, world: World, size: tuple[int, int], snapshot: Any) -> None:
    async with start("bridges", size=size, seed="snapshot") as running:
        await running.ready()
        world.networks["mine"] = "bridge"
        world.containers["web"] = "mine"
        world.event()
        await running.until(lambda: running.desk.page.picture.places, "the picture")
        assert await picture(running) == snapshot


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_the_keys(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start(size=size) as running:
        await running.press("question_mark")
        assert await picture(running) == snapshot
