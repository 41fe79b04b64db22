"""The panes of a lesson, whose borders can be moved with keys and dragged with the mouse."""

from __future__ import annotations

from typing import Final, Literal, cast

from textual import events
from textual.containers import Container
from textual.geometry import Offset
from textual.widget import Widget

from lab_engine.tui.messages import BordersMoved
from lab_engine.tui.panes.strip import ROWS

Axis = Literal["columns", "rows"]
AXES: Final[tuple[Axis, ...]] = ("columns", "rows")
SPLIT: Final = (0.2, 0.8)
"""How small and how large the left column and the upper row may be made."""
LEAST: Final = 3
MOST: Final = 14
"""Rows of a picture, its frame not counted."""
FRAME: Final = 1 / 20
"""Seconds between two layouts while a border is dragged."""


class Panes(Container):
    """Text at the left; shell, strip and picture at the right, one below the other.

    What was chosen for a border stays through every layout. The border cells between neighbours are
    the handle. The picture has the rows that it needs, from LEAST to MOST, until a border is moved.
    """

    DEFAULT_CSS = """
    Panes.-over-columns > * { pointer: ew-resize; }
    Panes.-over-rows > * { pointer: ns-resize; }
    Panes.-over-columns.-over-rows > * { pointer: move; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.shares: dict[Axis, float] = {}
        """The part of the width or height that the first pane has, where the learner chose."""
        self._picture = LEAST
        self._dragged: tuple[Axis, ...] = ()
        self._at = self._grip = Offset()
        self._moving = False

    def split(self, axis: Axis, share: float) -> None:
        """Give the left column or the upper row this part of the whole, within SPLIT."""
        self.shares[axis] = share = min(max(share, SPLIT[0]), SPLIT[1])
        whole = self.size.width if axis == "columns" else self.size.height
        cells = round(share * whole)
        # In fractions, so that it grows and shrinks with the screen.
        if axis == "columns":
            self.styles.grid_columns = f"{cells}fr {whole - cells}fr"
        else:
            rest = max(whole - cells - ROWS, 1)
            self.styles.grid_rows = f"{cells}fr {ROWS} {rest}fr"

    def take_shares(self, columns: float, rows: float) -> None:
        """Have the borders where they were the last time; 0 leaves one as it is."""
        for axis, share in (("columns", columns), ("rows", rows)):
            if share:
                self.split(cast("Axis", axis), share)

    def want_picture(self, rows: int) -> None:
        """Give the picture these rows. It grows and never shrinks: the shell would jump."""
        rows = min(max(rows, LEAST, self._picture), MOST)
        self._picture = rows
        if "rows" not in self.shares:
            self.styles.grid_rows = f"1fr {ROWS} {rows + 2}"

    def forget_picture(self) -> None:
        """Another step's picture begins small."""
        self._picture = LEAST

    def widen(self, axis: Axis, by: float) -> None:
        """Move a border by this part of the whole."""
        now = (
            self.children[0].outer_size.width / max(self.size.width, 1)
            if axis == "columns"
            else self.children[1].outer_size.height / max(self.size.height, 1)
        )
        self.split(axis, self.shares.get(axis, now) + by)
        self._tell()

    def _tell(self) -> None:
        shares = self.shares
        self.post_message(BordersMoved(shares.get("columns", 0.0), shares.get("rows", 0.0)))

    # -- the mouse -------------------------------------------------------------------------------

    def borders(self, point: Offset) -> tuple[Axis, ...]:
        """The borders between two panes at a place of the screen."""
        whole = self.region
        found: set[Axis] = set()
        shown: list[Widget] = [pane for pane in self.children if pane.display]
        if len(shown) < 2:
            return ()
        for pane in shown:
            region = pane.region
            if not region.contains_point(point):
                continue
            left, right = region.x > whole.x, region.right < whole.right
            above, below = region.y > whole.y, region.bottom < whole.bottom
            if (left and point.x == region.x) or (right and point.x == region.right - 1):
                found.add("columns")
            if (above and point.y == region.y) or (below and point.y == region.bottom - 1):
                found.add("rows")
        return tuple(axis for axis in AXES if axis in found)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._dragged = self.borders(event.screen_offset) if event.button == 1 else ()
        if self._dragged:
            event.stop()
            self.capture_mouse()
            self._at = event.screen_offset
            text, shell = self.children[0].region, self.children[1].region
            self._grip = Offset(text.right, shell.bottom) - self._at
            # A press in a pane begins to select text there.
            self.screen.clear_selection()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if not self._dragged:
            self._show_handle(self.borders(event.screen_offset))
            return
        event.stop()
        self._at = event.screen_offset
        if not self._moving:
            self._moving = True
            self.set_timer(FRAME, self._follow)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragged:
            event.stop()
            self._at = event.screen_offset
            self._follow()
            self._end()
            self._tell()

    def on_mouse_release(self) -> None:
        self._end()

    def on_leave(self) -> None:
        if not self._dragged:
            self._show_handle(())

    def _end(self) -> None:
        self._dragged = ()
        self._show_handle(())
        self.release_mouse()

    def _follow(self) -> None:
        """Put the dragged borders under the mouse."""
        self._moving = False
        edge = self._at + self._grip - self.region.offset
        for axis in self._dragged:
            if axis == "columns":
                self.split(axis, edge.x / max(self.size.width, 1))
            else:
                self.split(axis, edge.y / max(self.size.height, 1))

    def _show_handle(self, axes: tuple[Axis, ...]) -> None:
        for axis in AXES:
            self.set_class(axis in axes, f"-over-{axis}")
