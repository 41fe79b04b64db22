"""The pane with a step's text."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from lab_engine.course.lesson import Step
from lab_engine.course.text.model import Document, QuestionBlock, TaskBlock
from lab_engine.tui.document.blocks import build
from lab_engine.tui.document.question import QuestionCard
from lab_engine.tui.document.task import TaskCard


class Place(NamedTuple):
    """The first paragraph in sight, by its number, and how many lines of it are above the edge."""

    paragraph: int
    lines: int


class TextPane(VerticalScroll, can_focus=True):
    """A step's text with its tasks and questions in their places."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Down", show=False),
        Binding("k,up", "scroll_up", "Up", show=False),
        Binding("space,pagedown", "page_down", "Page", show=False),
    ]
    DEFAULT_CSS = """
    TextPane { padding: 0 1; scrollbar-size-vertical: 1; }
    TextPane .paragraph { height: auto; margin: 0 0 1 0; }
    TextPane .heading { height: auto; text-style: bold; color: $text-primary; margin: 0 0 1 0; }
    TextPane .level-1 { text-style: bold underline; }
    TextPane .list { height: auto; margin: 0 0 1 0; }
    TextPane Item .paragraph { margin: 0; }
    TextPane QuestionCard > .paragraph { margin: 0; }
    TextPane TaskCard .paragraph, TextPane Aside .paragraph { margin: 0; }
    TextPane .step-title { text-style: bold; color: $text-accent; height: auto; margin: 0 0 1 0; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tasks: dict[str, TaskCard] = {}
        self.questions: dict[str, QuestionCard] = {}
        self.shown: Document | None = None
        self.place: Place | None = None
        """Where the learner reads: kept over another width and height."""
        self.on_place: Callable[[Place], None] = lambda _: None
        """Told of each other place."""
        self._laid_out = 0
        """The width at which `place` counts."""

    async def show(
        self, step: Step, document: Document, answers: dict[str, bool], before: Document | None
    ) -> None:
        """Show a step; `before` is the lesson's introduction, shown above its first step."""
        self.shown = document
        self.place = None
        self.tasks, self.questions = {}, {}
        widgets: list[Widget] = []
        if before is not None:
            widgets += build(before.blocks)
        title = Content.assemble(
            (f"{step.number}. {step.title}", ""),
            (f"  about {step.minutes} minutes", "not bold $text-muted"),
        )
        widgets.append(Static(title, classes="step-title"))
        if step.instead:
            words = f"Not the big system itself, but near to it: {step.instead.rstrip(',')}."
            widgets.append(Static(Content.styled(words, "dim italic"), classes="paragraph"))
        worth = {task.id: task.points for task in step.tasks}
        for block in document.blocks:
            if isinstance(block, TaskBlock):
                card = TaskCard(block, len(self.tasks) + 1, worth.get(block.id, 0))
                self.tasks[block.id] = card
                widgets.append(card)
            elif isinstance(block, QuestionBlock):
                name = block.question.id
                question = QuestionCard(block, len(self.questions) + 1, correct=answers.get(name))
                self.questions[name] = question
                widgets.append(question)
            else:
                widgets += build((block,))
        # As one change: else each of dozens of widgets has the screen drawn anew, with half a text.
        async with self.batch():
            await self.remove_children()
            await self.mount_all(widgets)
        self.scroll_home(animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # What a new layout moves is no reading: the size is new, and `on_resize` is still to come.
        if self.size.width != self._laid_out:
            return
        top = round(new_value)
        for number, child in enumerate(self.children):
            region = child.virtual_region
            if region.bottom > top:
                self.place = Place(number, top - region.y)
                self.on_place(self.place)
                break

    def on_resize(self) -> None:
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self._laid_out = self.size.width
        if self.place is not None:
            self.to_place(self.place)

    def to_place(self, place: Place) -> None:
        """Have that paragraph at the top again."""
        if place.paragraph < len(self.children):
            region = self.children[place.paragraph].virtual_region
            lines = min(place.lines, max(region.height - 1, 0))
            self.scroll_to(y=region.y + lines, animate=False, force=True, immediate=True)
            self.place = place

    def to_task(self, task: str) -> None:
        """Bring a task into sight."""
        card = self.tasks.get(task)
        if card:
            self.scroll_to_widget(card, animate=False)
