"""What goes on while a step is made ready, and what to do when that failed."""

from __future__ import annotations

import time
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from lab_engine.errors import AgentLost, DaemonDown, KernelLacks, LeaseTaken, PacksMissing
from lab_engine.tui.desk import Desk
from lab_engine.tui.phase import Phase
from lab_engine.tui.progress import SIGNS, Row

SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
STATES: Final = {
    "going": ("$text-accent", "…"),
    "done": ("$text-success", ""),
    "failed": ("bold $text-error", "failed"),
    "undone": ("dim", "undone"),
}


class Preparing(VerticalScroll, can_focus=True):
    """Each action with its reason, state and time; then, if it failed, why and what now."""

    DEFAULT_CSS = """
    Preparing { padding: 1 2; }
    Preparing Static { height: auto; }
    Preparing #rows { margin: 1 0; }
    Preparing.-bare #rows { display: none; }
    Preparing.-bare #trouble { margin: 1 0; }
    Preparing #trouble { display: none; margin: 0 0 1 0; padding: 0 1; border-left: outer $error; }
    Preparing Horizontal { height: auto; }
    Preparing Button { margin: 0 1 0 0; display: none; }
    Preparing.-busy #cancel { display: block; }
    Preparing.-failed #trouble { display: block; }
    Preparing.-failed #retry, Preparing.-stopped #retry { display: block; }
    Preparing.-repairable #repair { display: block; }
    Preparing.-resettable #reset { display: block; }
    Preparing.-taken #take, Preparing.-taken #look { display: block; }
    Preparing.-taken #retry, Preparing.-taken #reset { display: none; }
    """

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.desk = desk
        self._lengths: dict[str, tuple[int, ...]] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="lead")
        yield Static(id="rows")
        yield Static(id="trouble")
        with Horizontal():
            yield Button("Stop", id="cancel", action="screen.cancel", compact=True)
            yield Button(
                "Try again", id="retry", action="screen.retry", compact=True, variant="primary"
            )
            yield Button("Repair", id="repair", action="screen.repair", compact=True)
            yield Button("Reset the step", id="reset", action="screen.reset", compact=True)
            yield Button(
                "Take over", id="take", action="screen.take_over", compact=True, variant="primary"
            )
            yield Button("Only look on", id="look", action="screen.look_on", compact=True)

    def to_choice(self) -> None:
        """Put the focus on the first button that is there."""
        self.refresh_rows()
        wanted = next((button for button in self.query(Button) if button.display), None)
        # Only after it: until the new classes are applied, a button is not there to have the focus.
        self.call_after_refresh((wanted or self).focus)

    def on_mount(self) -> None:
        self.set_interval(0.125, self._tick)
        self.refresh_rows()

    def _tick(self) -> None:
        if self.desk.busy and self.display and self.size and self.screen.is_current:
            self.refresh_rows()

    def refresh_rows(self) -> None:
        desk, error = self.desk, self.desk.work.trouble
        now = time.monotonic()
        failed = desk.work.phase is Phase.FAILED
        lost = isinstance(error, AgentLost | DaemonDown)
        # Nothing was changed yet that a reset could bring back.
        kept = lost or isinstance(error, KernelLacks)
        # All at once: each change has the styles of everything inside computed anew.
        self.update_classes(
            {
                "-bare": not desk.work.progress.rows,
                "-busy": desk.busy,
                "-failed": failed,
                "-stopped": desk.work.phase is Phase.STOPPED,
                "-repairable": failed and lost and desk.session is not None,
                "-resettable": failed and desk.session is not None and not kept,
                "-taken": failed and isinstance(error, LeaseTaken),
            }
        )
        asks = failed and isinstance(error, PacksMissing)
        self.query_one("#retry", Button).label = "Build it" if asks else "Try again"
        self._put("#lead", self._lead(now))
        rows = [self._row(row, now) for row in desk.work.progress.rows.values()]
        self._put("#rows", Content("\n").join(rows))
        if failed and error:
            undone = [row.key for row in desk.work.progress.rows.values() if row.state == "undone"]
            parts: list[str | tuple[str, str]] = [(error.message, "bold"), "\n"]
            if undone:
                parts += [f"Undone again: {', '.join(undone)}.\n"]
            now_do = error.hint or "Try again."
            if isinstance(error, AgentLost):
                now_do = "Try again: what was stopped is started again, and the lesson goes on."
            if isinstance(error, LeaseTaken):
                now_do = (
                    "Take over, and the other one is cut off. Or only look on. Or leave: Escape."
                )
            if isinstance(error, PacksMissing):
                parts += [f"{lack}\n" for lack in error.lacks]
                now_do = (
                    "Build it, once. You can stop at any moment; it goes on from there. Or leave: "
                    "Escape."
                )
            parts += [("What to do now: ", "bold"), now_do]
            self.query_one("#trouble", Static).update(Content.assemble(*parts))

    def _put(self, where: str, content: Content) -> None:
        """Show a text. Where only digits move on, the screen is not laid out anew (10 ms)."""
        lengths = tuple(len(line) for line in content.plain.split("\n"))
        changed = self._lengths.get(where) != lengths
        self._lengths[where] = lengths
        self.query_one(where, Static).update(content, layout=changed)

    def _lead(self, now: float) -> Content:
        desk = self.desk
        seconds = f"{desk.work.progress.seconds:.1f} s"
        if desk.busy:
            sign = SPINNER[int(now * 8) % len(SPINNER)]
            return Content.assemble((f"{sign} {desk.work.doing}", "bold"), (f"  {seconds}", "dim"))
        if desk.work.phase is Phase.FAILED:
            if isinstance(desk.work.trouble, LeaseTaken):
                return Content.styled("Somebody else works in this lesson.", "bold $text-warning")
            if isinstance(desk.work.trouble, PacksMissing):
                return Content.styled("This lesson brings a big system.", "bold $text-warning")
            if isinstance(desk.work.trouble, KernelLacks):
                return Content.styled("This step needs another kernel.", "bold $text-warning")
            return Content.styled("✘ That did not work.", "bold $text-error")
        if desk.work.phase is Phase.STOPPED:
            return Content.styled("Stopped. What had been begun is undone.", "bold")
        return Content.assemble((f"✔ Ready after {seconds}", "bold $text-success"))

    def _row(self, row: Row, now: float) -> Content:
        style, _ = STATES[row.state]
        sign = SIGNS[row.state]
        said = row.said or row.reason
        return Content.assemble(
            (f"{sign} ", style),
            (row.title, "bold"),
            (f"  {row.elapsed(now):.1f} s", "dim"),
            (f"  {said}" if said else "", "dim"),
        )
