"""A few screens as pictures, at the three sizes. `pytest --snapshot-update` takes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.color import Color
from rich.style import Style

from lab_engine.errors import DockerUnavailable
from lab_engine.tui.app import THEMES
from lab_engine.tui.panes.strip import TaskStrip
from lab_engine.tui.phase import Phase
from tests.tui.conftest import Running
from tests.tui.standin import World

Start = Callable[..., Any]
SIZES = [(80, 24), (120, 36), (160, 50)]
FRAMES = " ─│╭╮╰╯┌┐└┘┬═▌▆▃▄▂"
LEGIBLE = 3.0
"""Contrast that WCAG 2 asks of bold and large text (1.4.3); a terminal's letters are neither thin
nor small."""
NAMES = [f"{width}x{height}" for width, height in SIZES]


async def picture(running: Running) -> str:
    """The screen as text, with what differs from run to run left out."""
    page = running.desk.page
    if running.desk.ready and page.step is not None and page.step.lab_step is not None:
        await running.until(lambda: page.looked, "the first look")
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


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
@pytest.mark.parametrize("state", ["open", "failed", "done"])
async def test_the_shell_and_the_strip(
    start: Start, world: World, size: tuple[int, int], state: str, snapshot: Any
) -> None:
    async with start("bridges", size=size, seed="snapshot") as running:
        await running.ready()
        await running.until(lambda: "$" in running.screen_text() or size[0] == 80, "a prompt")
        await running.press("f3")
        await running.until(lambda: "$" in running.screen_text(), "a prompt")
        variables, page = running.desk.page.variables, running.desk.page
        if state != "open":
            world.networks[str(variables.bridge)] = "bridge" if state == "done" else "overlay"
            world.event()
            await running.until(lambda: page.passed("create") or page.touched("create"), state)
        if state == "done":
            await running.desk.answer("driver", "bridge")
            await running.until(lambda: page.done, "the step")
            strip = running.app.screen.query_one(TaskStrip)
            await running.until(lambda: "goes on" in str(strip.content), "what comes next")
        assert await picture(running) == snapshot


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_the_question_before_a_hint(
    start: Start, size: tuple[int, int], snapshot: Any
) -> None:
    async with start("bridges", size=size, seed="snapshot") as running:
        await running.ready()
        await running.press("f3")
        await running.until(lambda: "$" in running.screen_text(), "a prompt")
        await running.press("f9")
        assert await picture(running) == snapshot


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_the_end_of_a_lesson(start: Start, size: tuple[int, int], snapshot: Any) -> None:
    async with start("bridges", size=size, step="two", seed="snapshot") as running:
        await running.until(lambda: running.desk.ready, "the step")
        await running.until(lambda: "$" in running.screen_text() or size[0] == 80, "a prompt")
        await running.press("f8")
        assert await picture(running) == snapshot


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_a_bench_that_cannot_be_had(
    start: Start, world: World, size: tuple[int, int], snapshot: Any
) -> None:
    world.fails = [DockerUnavailable("no Docker engine answers", hint="Start it.")]
    async with start("bridges", size=size, seed="snapshot") as running:
        await running.until(lambda: running.desk.work.phase is Phase.FAILED, "the failure")
        text = await picture(running)
        assert re.sub(r"\d+ s\b", "N s", text) == snapshot


async def test_the_colours_of_every_theme(start: Start) -> None:
    """What is written can be told from what it is written on, in the dark ones too."""
    async with start("bridges", size=(160, 50), seed="snapshot") as running:
        await running.ready()
        for theme in THEMES:
            if theme.startswith("ansi"):
                continue  # the terminal's own colours
            running.app.choose_theme(theme)
            await running.still()
            poor = set()
            for strip in running.app.screen._compositor.render_strips():
                for text, style, _ in strip:
                    coloured = style and style.color and style.bgcolor and text.strip(FRAMES)
                    if coloured and _contrast(style) < LEGIBLE:
                        poor.add((text, str(style)))
            assert not poor, (theme, poor)


def _contrast(style: Style) -> float:
    def luminance(colour: Color) -> float:
        parts = [one / 255 for one in colour.get_truecolor()]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert style.color is not None
    assert style.bgcolor is not None
    light, dark = sorted((luminance(style.color), luminance(style.bgcolor)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
