"""Who is at work now, on which step, and for how long nothing has passed. It only reads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

from textual.binding import Binding, BindingType
from textual.content import Content

from lab_engine.course.lesson import Course, load_course
from lab_engine.grading.insight.at_work import Worker, span, told, troubles, workers
from lab_engine.grading.insight.room import Room
from lab_engine.session import present
from lab_engine.session.present import Engine
from lab_engine.shown import shown
from lab_engine.tui.instructor.listed import Column, Line, Listed, pairs

EVERY: Final = 5.0
"""Seconds from one look to the next."""
SIGNS: Final = {
    "stuck": ("!", "warning"),
    "works": ("●", "success"),
    "done": ("✔", "success"),
    "unknown": ("?", "dim"),
    "stopped": ("○", "dim"),
}


class Found(NamedTuple):
    engines: list[Engine]
    names: dict[str, str]


class LiveScreen(Listed):
    """Who is at work.

    Args:
        room: the class, by which learners have names; None without one.
        engines: addresses of engines; an empty one is that of the environment.
        data_dir: where this machine's own progress is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", key_display="Esc"),
        Binding("r", "again", "Look again"),
        Binding("question_mark", "app.help", "Keys", key_display="?"),
    ]
    DEFAULT_CSS = """
    LiveScreen.-wide #body > DataTable { width: 2fr; }
    """

    def __init__(self, room: Room | None, engines: Sequence[str], data_dir: Path) -> None:
        super().__init__()
        self.room = room
        self.engines = list(engines) or [""]
        self.data_dir = data_dir
        self.found = Found([], {})
        self._course: Course | None = None
        self._looking = False

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(EVERY, self._look)

    def _look(self) -> None:
        # One that is slow is waited for, and not asked again meanwhile.
        if self.is_current and not self._looking:
            self.action_again()

    async def again(self) -> None:
        self._looking = True
        try:
            await super().again()
        finally:
            self._looking = False

    # -- what is shown ---------------------------------------------------------------------------

    def read(self) -> Found:
        self._course = self._course or load_course()
        names = self.room.seeds() if self.room else {}
        return Found(present.look(self.engines, self._course, self.data_dir), names)

    def take(self, found: Found) -> None:
        self.found = found

    def _workers(self) -> list[Worker]:
        return workers(self.found.engines, self.found.names, time.time())

    def _silent(self) -> dict[str, Engine]:
        """Engines without an answer, by their address."""
        return {one.host: one for one in self.found.engines if one.trouble}

    def head(self) -> Content:
        if not self.read_once:
            return Content("At work now")
        found = self._workers()
        stuck = sum(one.how == "stuck" for one in found)
        others = sum(one.others for one in self.found.engines)
        parts: list[str | tuple[str, str]] = [("At work now", "bold"), f"  {len(found)} benches"]
        if len(self.engines) > 1:
            parts.append((f" on {len(self.engines)} engines", ""))
        if stuck:
            parts.append((f"  {stuck} stand still", "bold $text-warning"))
        if others:
            parts.append((f"  (and {others} of proofs and replays)", ""))
        return Content.assemble(*parts)

    def columns(self) -> Sequence[Column]:
        return (
            Column(" ", 1),
            Column("who", 0),
            Column("lesson", 16),
            Column("step", 16),
            Column("tasks", 5),
            Column("stuck for", 9),
        )

    def lines(self) -> Sequence[Line]:
        found = []
        for one in self._workers():
            sign, look = SIGNS[one.how]
            where = one.bench.where
            dim = "dim" if one.how in ("unknown", "stopped") else ""
            cells = (
                (sign, look),
                (one.who, dim),
                (where.lesson if where else "", dim),
                (one.step, dim),
                (one.tasks, dim),
                ("done" if one.how == "done" else span(one.stuck), look),
            )
            found.append(Line(f"{one.bench.session}@{one.bench.engine}", cells))
        for host in self._silent():
            none, who = ("", ""), host or "this machine's engine"
            told_so = ("no answer", "error")
            found.append(
                Line(f"silent:{host}", (("✘", "error"), (who, "error"), none, told_so, none, none))
            )
        return found

    def detail(self, key: str) -> Content:
        if key.startswith("silent:"):
            silent = self._silent()[key.partition(":")[2]]
            return Content(shown("\n".join(troubles([silent]))))
        for line, one in zip(self.lines(), self._workers(), strict=False):
            if line.key == key:
                head = (f"{shown(one.who)}\n\n", "bold $text-accent")
                return Content.assemble(head, pairs(told(one, time.time()), self.room_to_tell))
        return Content("")
