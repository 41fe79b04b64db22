"""The next hint of a task, for who works in the shell: its price first, then the hint itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from lab_engine.course.text.model import TaskBlock
from lab_engine.tui.document.blocks import Blocks, CodeBlock
from lab_engine.tui.screens.dialog_box import Buttons, DialogBox


class HintScreen(ModalScreen[str | None]):
    """Asks, and shows it. Returns the commands that the learner wants in the shell, if any.

    Nothing behind it moves: who closes it types on where they were.

    Args:
        block: the task.
        lead: which hint it is, and of which task.
        price: what it costs, in words.
        number: of the hint, from 0.
        take: notes that it was taken; returns why it cannot be, or nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f9", "dismiss(None)", "Leave"),
    ]
    DEFAULT_CSS = """
    HintScreen { align: center middle; }
    HintScreen DialogBox { width: 76; border: round $warning; }
    HintScreen #hint { height: auto; }
    HintScreen .lead { text-style: bold; height: auto; }
    HintScreen .price { color: $text-muted; height: auto; margin: 0 0 1 0; }
    """

    def __init__(
        self,
        block: TaskBlock,
        lead: str,
        price: str,
        number: int,
        take: Callable[[], Awaitable[str]],
    ) -> None:
        super().__init__()
        self.block = block
        self.lead = lead
        self.price = price
        self.number = number
        self._take = take

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(self.lead, classes="lead", markup=False)
            yield Static(self.price, classes="price", markup=False)
            yield Vertical(id="hint")
            with Buttons():
                yield Button("Not now", id="close", compact=True)
                yield Button("Show the hint", id="show", variant="primary", compact=True)

    @on(Button.Pressed, "#close")
    def _close(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#show")
    async def _show(self) -> None:
        trouble = await self._take()
        if trouble:
            self.query_one(".price", Static).update(trouble)
        else:
            await self.query_one("#hint").mount(Blocks(self.block.hints[self.number]))
        await self.query_one("#show").remove()
        close = self.query_one("#close", Button)
        close.label = "Close"
        close.focus()

    @on(CodeBlock.Sent)
    def _sent(self, event: CodeBlock.Sent) -> None:
        event.stop()
        self.dismiss(event.text)
