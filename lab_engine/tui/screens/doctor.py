"""What this machine has, what is lost without it, and what mends it."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import LoadingIndicator, Static

from lab_engine.doctor import Finding, examine, ready
from lab_engine.tui.panes.footer import Keys

SIGNS: Final = {
    "ok": ("✔", "bold $text-success"),
    "limited": ("!", "bold $text-warning"),
    "missing": ("✘", "bold $text-error"),
    "unknown": ("?", "bold $text-accent"),
}


class DoctorScreen(Screen[None]):
    """Looks at the machine in a thread, and lists what it found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "app.pop_screen", "Back"),
        Binding("r", "again", "Look again"),
    ]
    DEFAULT_CSS = """
    DoctorScreen #bar { height: 1; width: 1fr; background: $primary-muted; padding: 0 1; }
    DoctorScreen VerticalScroll { padding: 1 2; }
    DoctorScreen .finding { height: auto; margin: 0 0 1 0; }
    DoctorScreen LoadingIndicator { height: 3; }
    """

    def compose(self) -> ComposeResult:
        yield Static("This machine", id="bar")
        yield VerticalScroll(LoadingIndicator())
        yield Keys()

    def on_mount(self) -> None:
        self.action_again()

    def action_again(self) -> None:
        self.run_worker(self._look(), exclusive=True, group="doctor")

    async def _look(self) -> None:
        import asyncio

        area = self.query_one(VerticalScroll)
        await area.remove_children()
        await area.mount(LoadingIndicator())
        findings = await asyncio.to_thread(examine)
        words = "the course can be taken" if ready(findings) else "the course cannot be taken yet"
        self.query_one("#bar", Static).update(f"This machine: {words}")
        await area.remove_children()
        await area.mount_all(Static(self._line(one), classes="finding") for one in findings)
        area.focus()

    def _line(self, finding: Finding) -> Content:
        sign, style = SIGNS[finding.state]
        parts: list[str | tuple[str, str]] = [
            (f"{sign} {finding.name}", style),
            f"  {finding.found}",
        ]
        if finding.lost:
            parts += [("\n  Lost: ", "dim"), finding.lost]
        for n, line in enumerate(finding.mend.splitlines()):
            parts += [("\n  Mend: " if n == 0 else "\n        ", "dim"), (line, "bold")]
        return Content.assemble(*parts)
