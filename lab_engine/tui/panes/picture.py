"""The pane with the picture of what is in the bench."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lab_engine.families.drawing import Node, Picture
from lab_engine.tui.topology.layout import Line, Look, Run, draw
from lab_engine.tui.topology.words import say

LOOKS: Final[dict[Look, str]] = {
    "frame": "picture--frame",
    "name": "picture--name",
    "off": "picture--off",
    "bar": "picture--bar",
    "label": "picture--label",
    "new": "picture--new",
    "chosen": "picture--chosen",
    "quiet": "picture--off",
}


class PicturePane(ScrollView, can_focus=True):
    """What is there, drawn or said. Arrows choose a thing, Enter opens its shell."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,down,j", "choose(1)", "Next", show=False),
        Binding("left,up,k", "choose(-1)", "Previous", show=False),
        Binding("enter", "shell", "Its shell"),
        Binding("w", "words", "Drawn or in words"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = set(LOOKS.values())
    DEFAULT_CSS = """
    PicturePane { scrollbar-size: 1 1; padding: 0 1; }
    PicturePane .picture--frame { color: $text-secondary; }
    PicturePane .picture--name { color: $foreground; text-style: bold; }
    PicturePane .picture--off { color: $foreground 80%; }
    PicturePane .picture--bar { color: $text-primary; }
    PicturePane .picture--label { color: $foreground; }
    PicturePane .picture--new { color: $text-warning; text-style: bold; }
    PicturePane .picture--chosen { color: $text-accent; text-style: bold; }
    """
    chosen = reactive("")
    in_words = reactive(False)

    @dataclass
    class ShellWanted(Message):
        target: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picture = Picture()
        self.nothing = ""
        """What is said where there is nothing to draw."""
        self._lines: list[Line] = []
        self._drawn_recent = False

    def on_mount(self) -> None:
        # A change is marked for some seconds, and no event tells that it is old by now.
        self.set_interval(1.0, self._age)

    def show(self, picture: Picture, nothing: str = "") -> None:
        self.picture, self.nothing = picture, nothing
        if self.chosen and picture.node(self.chosen) is None:
            self.chosen = ""
        self._draw()

    @property
    def rows(self) -> int:
        """How many lines it has to show."""
        return len(self._lines)

    def _age(self) -> None:
        """Take back the marks of what is no longer new."""
        if self._drawn_recent:
            self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        picture = self.picture
        width = max(self.scrollable_content_region.width - 2, 20)
        self._drawn_recent = (
            bool(picture.gone)
            or any(node.recent(now) for node in picture.nodes)
            or any(edge.recent(now) for edge in picture.edges)
        )
        if self.in_words:
            self._lines = [(Run(text),) for text in _wrapped(say(picture, now), width)]
        elif not picture.nodes:
            self._lines = [(Run(text, "quiet"),) for text in _wrapped([self.nothing], width)]
        else:
            self._lines = draw(picture, width, now=now, chosen=self.chosen)
        self._lines += [
            (Run(f"! {text}", "new"),)
            for trouble in picture.troubles
            for text in _wrapped([trouble], width - 2)
        ]
        details = self._details(width)
        if details:
            self._lines += [(), *details]
        # What the scroll bars go by; the lines themselves are asked for one by one.
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def _details(self, width: int) -> list[Line]:
        node = self.picture.node(self.chosen) if self.chosen else None
        if node is None:
            return []
        head = f"▸ {node.drawn.word} {node.name}" + (f", {node.state}" if node.state else "")
        lines: list[Line] = [(Run(head, "name"),)]
        for name, value in node.facts:
            lines += [(Run("  " + text),) for text in _wrapped([f"{name}: {value}"], width - 2)]
        if node.target:
            lines.append((Run("  Enter opens its shell.", "label"),))
        return lines

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        if not 0 <= row < len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        segments = [Segment(" ", self.rich_style)]
        for run in self._lines[row]:
            style = self.rich_style
            if run.look:
                # The same as in a block of code: gone while it is being removed.
                style = style + self.get_component_rich_style(
                    LOOKS[run.look], partial=True, default=Style.null()
                )
            if run.key:
                style = style + Style(meta={"node": run.key})
            segments.append(Segment(run.text, style))
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def watch_chosen(self) -> None:
        self._draw()

    def watch_in_words(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _order(self) -> list[Node]:
        picture = self.picture
        return [*picture.places, *picture.segments, *picture.stores]

    def action_choose(self, by: int) -> None:
        keys = [node.key for node in self._order()]
        if not keys:
            return
        at = keys.index(self.chosen) + by if self.chosen in keys else (0 if by > 0 else -1)
        self.chosen = keys[at % len(keys)]

    def action_words(self) -> None:
        self.in_words = not self.in_words

    def action_shell(self) -> None:
        node = self.picture.node(self.chosen)
        if node and node.target:
            self.post_message(self.ShellWanted(node.target))
        elif node:
            self.notify(f"There is no shell in {node.drawn.word} {node.name} now.", markup=False)

    def on_click(self, event: events.Click) -> None:
        key = event.style.meta.get("node", "")
        if key and key == self.chosen and event.chain > 1:
            self.action_shell()
        self.chosen = key


def _wrapped(texts: Iterable[str], width: int) -> list[str]:
    lines: list[str] = []
    for text in texts:
        lines += textwrap.wrap(text, max(width, 20), subsequent_indent="  ") or [""]
    return lines
