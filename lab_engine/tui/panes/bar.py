"""The line at the top of a lesson: where the learner is, and how it stands."""

from __future__ import annotations

import time

from textual.content import Content
from textual.widgets import Static

from lab_engine.errors import KernelLacks, LeaseTaken, PacksMissing
from lab_engine.tui.desk import Desk
from lab_engine.tui.panes.preparing import SPINNER
from lab_engine.tui.phase import Phase


class Bar(Static):
    """Lesson and step at the left, the state at the right. Redrawn while something goes on."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 1fr; background: $primary-muted; color: $text; padding: 0 1; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def on_mount(self) -> None:
        self.set_interval(0.25, self._tick)

    def _tick(self) -> None:
        if self.desk.busy and self.screen.is_current:
            self.show()

    def on_resize(self) -> None:
        self.show()

    def show(self) -> None:
        desk = self.desk
        if desk.page.lesson is None or desk.page.step is None:
            self.update(self._state(), layout=False)
            return
        here = Content.assemble(
            (f"Step {desk.page.step.number} of {len(desk.page.lesson.steps)}: ", ""),
            (desk.page.step.title, "bold"),
        )
        left = Content.assemble((f"{desk.page.lesson.title} › ", "dim"), here)
        right = self._state()
        room = max(self.size.width, 20) - right.cell_length - 1
        left = here if left.cell_length > room else left
        left = left.truncate(room, ellipsis=True, pad=True) if room > 8 else Content("")
        # It is one line whatever it says: a layout of the whole screen for each new text is not
        # needed.
        self.update(Content.assemble(left, " ", right), layout=False)

    def _state(self) -> Content:
        desk, page = self.desk, self.desk.page
        done = sum(page.passed(t.id) for t in page.document.tasks) if page.document else 0
        total = len(page.document.tasks) if page.document else 0
        tasks = f"{done}/{total} tasks" if total else ""
        if desk.busy:
            sign = SPINNER[int(time.monotonic() * 8) % len(SPINNER)]
            if desk.typing and desk.demonstration:
                return Content(f"{sign} {desk.demonstration.words}, Esc stops")
            return Content(f"{sign} {desk.work.doing} {desk.work.progress.seconds:.0f} s")
        shell, onward = desk.keymap.said("shell"), desk.keymap.said("next")
        match desk.work.phase:
            case Phase.FAILED if isinstance(desk.work.trouble, LeaseTaken):
                return Content.styled(f"taken by another client: {shell}", "bold $text-warning")
            case Phase.FAILED if isinstance(desk.work.trouble, PacksMissing):
                return Content.styled(f"needs a pack: {shell} says more", "bold $text-warning")
            case Phase.FAILED if isinstance(desk.work.trouble, KernelLacks):
                return Content.styled(
                    f"needs another kernel: {shell} says more", "bold $text-warning"
                )
            case Phase.FAILED:
                return Content.styled(f"✘ failed: {shell} says what to do", "bold $text-error")
            case Phase.STOPPED:
                return Content.styled(f"stopped: {shell} says what to do", "bold $text-warning")
            case Phase.READY if desk.looking_on:
                return Content.styled(f"only looking on · {tasks}", "$text-warning")
            case Phase.READY if page.blind:
                return Content.styled("! cannot check: p repairs", "bold $text-warning")
            case Phase.READY if page.done:
                return Content.styled(
                    f"✔ step done{f' · {onward} next' if page.next_step else ''}", "bold"
                )
            case _:
                ready = f"● ready · {tasks}" if tasks else "● ready"
                return Content(f"{ready} · {page.points} pts")
