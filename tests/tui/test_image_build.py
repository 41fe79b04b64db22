"""The first start on a machine, where the image of the bench is built first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from lab_engine.protocol import ActionNotice
from lab_engine.tui.progress import Progress
from lab_engine.tui.screens.lesson import LessonScreen
from tests.tui.standin import World

Start = Callable[..., Any]


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_each_stage_is_shown_with_its_time_and_how_far_it_is(
    start: Start, world: World, size: tuple[int, int]
) -> None:
    world.builds = ["reading the package lists", "installing packages: fetched 7 of 90"]
    world.gate.clear()
    async with start("bridges", size=size) as running:
        await running.until(lambda: isinstance(running.app.screen, LessonScreen), "the lesson")
        await running.press("f3")
        await running.until(lambda: "fetched 7 of 90" in running.screen_text(), "the progress")
        text = running.screen_text()
        assert "Building the bench image" in text
        assert re.search(r"✔ reading the package lists +\d+\.\d s", text)
        assert re.search(r"… installing packages +\d+\.\d s +fetched 7 of 90", text)
        before = re.findall(r"installing packages +(\d+\.\d) s", text)
        await running.until(
            lambda: (
                re.findall(r"installing packages +(\d+\.\d) s", running.screen_text())
                not in ([], before)
            ),
            "the clock",
        )
        world.gate.set()
        await running.ready()
        assert not [row for row in running.desk.work.progress.rows.values() if row.state != "done"]


async def test_a_build_that_is_stopped_is_not_shown_as_going_on(start: Start, world: World) -> None:
    world.builds = ["installing packages: fetched 7 of 90"]
    world.gate.clear()
    async with start("bridges") as running:
        await running.until(lambda: isinstance(running.app.screen, LessonScreen), "the lesson")
        await running.until(lambda: "fetched 7 of 90" in running.screen_text(), "the progress")
        await running.press("ctrl+c")
        await running.until(lambda: "↶ installing packages" in running.screen_text(), "the end")
        assert "Stopped." in running.screen_text()


def test_a_stage_that_comes_again_goes_on_where_it_was() -> None:
    progress = Progress()
    progress.build("importing into Docker: 10 MiB")
    began = progress.rows["build/importing into Docker"].began
    progress.build("importing into Docker: 90 MiB")
    (row,) = progress.rows.values()
    assert (row.began, row.said, row.state) == (began, "90 MiB", "going")
    progress.take(ActionNotice("container/web", "create", "started", "is not there"))
    assert [row.state for row in progress.rows.values()] == ["done", "going"]
