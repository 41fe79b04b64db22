"""The line at the bottom that lists the keys."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen
from textual.widgets import Footer


class Keys(Footer):
    """Textual's footer, made anew only when it would say something else."""

    # Textual's own colour of a key cannot be read in its light themes.
    DEFAULT_CSS = """
    Keys:light FooterKey .footer-key--key { color: $footer-description-foreground; }
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._said: list[tuple[str, str, bool, str]] | None = None

    def bindings_changed(self, screen: Screen[Any]) -> None:
        # Textual tells it at each move of the focus, and the footer then makes all of its keys
        # anew: most of what the screen has to do for a key that goes to another pane.
        says = [
            (binding.key, binding.description, enabled, tooltip)
            for _, binding, enabled, tooltip in screen.active_bindings.values()
            if binding.show
        ]
        if says == self._said:
            return
        super().bindings_changed(screen)
        # While another window is in front it keeps what it has, and is told again after that.
        if screen.app.app_focus and self.is_attached:
            self._said = says
