"""The box of a dialog: what it says can be scrolled, its buttons are always in sight."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll


class DialogBox(VerticalScroll, can_focus=False, inherit_bindings=False):
    """As high as what is in it, at most nearly as high as the screen.

    The arrows go from button to button, and pages are turned.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,down", "app.focus_next", show=False),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]
    DEFAULT_CSS = """
    DialogBox {
        width: 60; max-width: 95%; height: auto; max-height: 92%; padding: 1 2;
        border: round $accent; background: $surface;
    }
    DialogBox Button { margin: 0 0 0 2; }
    """


class Buttons(Horizontal):
    """Its last row."""

    DEFAULT_CSS = """
    Buttons { dock: bottom; height: auto; align-horizontal: right; background: $surface; }
    """
