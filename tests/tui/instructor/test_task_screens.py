"""The tasks over the class: mistakes put together, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab_engine.grading.insight.room import Room
from lab_engine.tui.instructor.class_screen import ClassScreen
from lab_engine.tui.instructor.learner_screen import LearnerScreen
from lab_engine.tui.instructor.task_screens import TaskScreen, TasksScreen

Start = Callable[..., Any]


async def test_from_the_class_to_a_task_to_a_learner_and_back(start: Start) -> None:
    async with start() as shown:
        await shown.on(ClassScreen)
        await shown.press("t")
        await shown.on(TasksScreen)
        await shown.press("down")
        await shown.see("4 of 10", "other-network", "bob, dan, hal, lee", "cyd, gus, kay")
        await shown.see("not graded", "eve, fay")
        await shown.press("enter")
        await shown.on(TaskScreen)
        await shown.see("3 of 10 passed", "4 of 10 made this mistake, with dan, hal, lee")
        await shown.press("down", "enter")
        await shown.on(LearnerScreen)
        await shown.see("Dan Bricklin")
        # The next one is the next who made that mistake.
        await shown.press("n")
        await shown.see("Hal Abelson")
        await shown.press("escape", "escape", "escape")
        await shown.on(ClassScreen)


async def test_a_task_at_once(start: Start) -> None:
    async with start(task="run") as shown:
        await shown.on(TaskScreen)
        await shown.see("bridges/one/run")


async def test_no_gradebook(start: Start, room: Room) -> None:
    room.classroom.gradebook.unlink()
    async with start(tasks=True) as shown:
        await shown.see("there is no gradebook")
        await shown.press("enter", "escape")
        assert isinstance(shown.screen, ClassScreen)
