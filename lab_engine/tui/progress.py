"""How a bench is being made ready: one row an action, from the agent's notices.

Before there is an agent, the image of the bench may have to be built: one row a stage of that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from lab_engine.protocol import ActionNotice, AnyNotice, DaemonNotice

State = Literal["going", "done", "failed", "undone"]
SIGNS: Final[dict[State, str]] = {"going": "…", "done": "✔", "failed": "✘", "undone": "↶"}
BUILD: Final = "build"
WORDS: Final = {"create": "make", "replace": "make anew", "destroy": "remove"}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is being made or removed. `began` is `time.monotonic()`."""

    key: str
    act: str
    reason: str
    state: State
    began: float
    seconds: float = 0.0
    said: str = ""

    @property
    def title(self) -> str:
        kind, _, name = self.key.partition("/")
        return name if kind == BUILD else f"{self.act} {kind} {name}"

    def elapsed(self, now: float) -> float:
        return now - self.began if self.state == "going" else self.seconds


@dataclass
class Progress:
    """The rows in the order in which they began."""

    rows: dict[str, Row] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    def take(self, notice: AnyNotice) -> bool:
        """Note what the agent told. Whether that changed a row."""
        now = time.monotonic()
        self._built(now)
        match notice:
            case DaemonNotice(daemon=daemon, phase=phase):
                key = f"daemon/{daemon}"
                row = self.rows.get(key) or Row(key, "start", "the step needs it", "going", now)
                state: State = {"starting": "going", "ready": "done"}.get(phase, "failed")  # type: ignore[assignment]
                self.rows[key] = replace(row, state=state, seconds=now - row.began)
            case ActionNotice(key=key, act=act, phase=phase, text=text, seconds=seconds):
                self._action(key, WORDS[act], phase, text, seconds or None, now)
            case _:
                return False
        return True

    def build(self, words: str) -> None:
        """Note a stage of the image's building, and how far it is: `installing: 3 of 90`."""
        stage, _, said = words.partition(": ")
        key, now = f"{BUILD}/{stage}", time.monotonic()
        self._built(now, but=key)
        row = self.rows.get(key) or Row(key, BUILD, "", "going", now)
        self.rows[key] = replace(row, state="going", said=said)

    def _built(self, now: float, but: str = "", state: State = "done") -> None:
        """The stages of the building are done, but for this one."""
        for key, row in self.rows.items():
            if row.act == BUILD and row.state == "going" and key != but:
                self.rows[key] = replace(row, state=state, seconds=now - row.began, said="")

    def _action(
        self, key: str, act: str, phase: str, text: str, seconds: float | None, now: float
    ) -> None:
        row = self.rows.get(key)
        # A key comes twice in one work when what a step had is removed and made anew: the row
        # begins again.
        if row is None or phase == "started":
            row = Row(key, act, text if phase == "started" else "", "going", now)
        took = now - row.began if seconds is None else seconds
        match phase:
            case "said":
                row = replace(row, said=text)
            case "done":
                row = replace(row, state="done", seconds=took, said="")
            case "failed":
                row = replace(row, state="failed", seconds=took, said=text)
            case "undone":
                row = replace(row, state="undone", seconds=took)
        self.rows[key] = row

    def end(self, *, well: bool) -> None:
        """It is over, and worked or not: what was still being built has ended with it."""
        self.ended = time.monotonic()
        self._built(self.ended, state="done" if well else "undone")

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began

    def count(self, state: State) -> int:
        return sum(row.state == state for row in self.rows.values())
