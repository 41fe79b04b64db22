"""A step's text as widgets: rows that go on, what a block is for, and that the text fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App, ComposeResult

from lab_engine.course.lint.lines import WIDEST
from lab_engine.course.text.model import Code
from lab_engine.course.text.parse import parse
from lab_engine.tui.document.blocks import GOES_ON, CodeBlock, code
from lab_engine.tui.document.pane import TextPane
from lab_engine.tui.panes.strip import ROWS, TaskStrip
from tests.tui.standin import World

Start = Callable[..., Any]
LONG = "docker run --name a-name-that-is-long busybox echo one two three four\nsecond"


class OneBlock(App[None]):
    def __init__(self, block: CodeBlock) -> None:
        super().__init__()
        self.block = block
        self.sent: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.block

    def on_code_block_sent(self, event: CodeBlock.Sent) -> None:
        self.sent.append(event.text)

    @property
    def rows(self) -> list[str]:
        lines = self.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in lines if strip.text.strip()]


async def test_a_row_that_goes_on_has_a_sign_in_the_margin() -> None:
    app = OneBlock(CodeBlock(LONG, label="when the task is done:"))
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        # The edge of the block, the margin, the text.
        assert [row[1] for row in app.rows] == [" ", " ", GOES_ON, " "]
        assert app.rows[1][2:].startswith("docker run")
        assert app.rows[3][2:] == "second"


async def test_a_wide_block_has_no_sign() -> None:
    app = OneBlock(CodeBlock(LONG))
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.pause()
        assert GOES_ON not in "".join(app.rows)
        await pilot.resize_terminal(40, 12)
        await pilot.pause()
        assert "".join(app.rows).count(GOES_ON) == 1


async def test_a_block_that_is_painted_while_it_goes_away_is_no_error() -> None:
    app = OneBlock(CodeBlock(LONG))
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        whole = app.block.size.region
        await app.block.remove()
        # As one that was never painted before, on a busy machine.
        app.block._rich_style_cache.clear()
        assert len(app.block.render_lines(whole)) == whole.height


async def test_what_is_copied_marked_and_sent_is_the_text() -> None:
    app = OneBlock(CodeBlock(LONG))
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        app.block.focus()
        await pilot.press("y")
        assert app.clipboard == LONG
        await pilot.press("enter")
        assert app.sent == [LONG]
        app.block.text_select_all()
        await pilot.pause()
        assert app.screen.get_selected_text() == LONG
        # With something marked the sign is there all the same.
        assert "".join(app.rows).count(GOES_ON) == 1


@pytest.mark.parametrize(
    ("fence", "label", "sent"),
    [
        ("sh", "", True),
        ("sh later", "when the task is done:", True),
        ("sh later fails", "when the task is done (fails, as it should):", True),
        ('sh task why="x"', "a part of the task:", True),
        ('sh show why="x"', "an example, to read:", False),
        ('sh console at="the console of a VM" why="x"', "type at the console of a VM:", False),
        ('output why="x"', "prints:", False),
        ("ruby", "in a file, to read:", False),
        ("text", "in a file, to read:", False),
    ],
)
def test_what_a_block_is_for(fence: str, label: str, sent: bool) -> None:
    text = f":::: task a\nDo it.\n::::\n\n```{fence}\nls\n```\n"
    block = parse(text, {}, where="x.md").blocks[-1]
    assert isinstance(block, Code)
    shown = code(block)
    assert shown.typed is sent
    assert str(shown.content).removesuffix("ls").strip() == label


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (200, 60)])
async def test_the_widest_diagram_fits(start: Start, size: tuple[int, int]) -> None:
    async with start("bridges", size=size) as running:
        await running.ready()
        pane = running.app.screen.query_one(TextPane)
        # With the bar of a text that is longer than the screen.
        bar = 0 if pane.show_vertical_scrollbar else pane.styles.scrollbar_size_vertical
        assert pane.scrollable_content_region.width - bar >= WIDEST


class TestTheStrip:
    async def test_takes_what_it_needs_below_the_text(self, start: Start) -> None:
        async with start("bridges", size=(80, 24)) as running:
            await running.ready()
            strip = running.app.screen.query_one(TaskStrip)
            # The rule, the task in a line, the questions.
            assert strip.outer_size.height == 3
            text = running.app.screen.query_one(TextPane)
            assert text.outer_size.height == 24 - 3 - 3

    async def test_is_as_high_all_through_a_step_below_the_shell(
        self, start: Start, world: World
    ) -> None:
        async with start("bridges", size=(80, 24)) as running:
            await running.ready()
            await running.press("f3")
            strip = running.app.screen.query_one(TaskStrip)
            # The rule, the task, what was found, and the others.
            assert strip.outer_size.height == 4
            world.networks[str(running.desk.page.variables.bridge)] = "overlay"
            world.event()
            await running.until(lambda: running.desk.page.touched("create"), "a wrong one")
            await running.until(lambda: "Found:" in str(strip.content), "what was found")
            assert strip.outer_size.height == 4
            assert "Found:" in running.screen_text()

    async def test_beside_a_shell_is_as_high_as_ever(self, start: Start) -> None:
        async with start("bridges", size=(160, 50)) as running:
            await running.ready()
            strip = running.app.screen.query_one(TaskStrip)
            assert strip.outer_size.height == ROWS
            await running.press("f6")
            assert strip.outer_size.height < ROWS
            await running.press("f6")
            assert strip.outer_size.height == ROWS
