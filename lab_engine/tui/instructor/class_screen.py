"""The class: who has what, what must be looked at; sorted, filtered, searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from lab_engine.grading.gradebook.standing import Standing
from lab_engine.grading.insight.room import Room
from lab_engine.grading.insight.rows import FILTERS, SORTS, rows
from lab_engine.grading.insight.told import points, summary
from lab_engine.shown import shown
from lab_engine.tui.instructor.listed import Column, Line, Listed
from lab_engine.tui.instructor.states import MUTED, STATES

ONLY: Final = {
    "all": "all",
    "look": "to look at",
    "missing": "nothing handed in",
    "not-replayable": "not replayable",
}
"""What filters are called where their own names would not do."""


class ClassScreen(Listed):
    """The first screen.

    Args:
        room: the class and the assignment.
        learner: opens one learner, with those who come after and before them on the screen.
        view: search, filter, sort and whether backwards, at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash,f3", "search", "Search", key_display="/"),
        Binding("f", "filter", "Filter"),
        Binding("F", "filter(-1)", show=False),
        Binding("s", "sort", "Sort"),
        Binding("S", "backwards", "Turn", show=False),
        Binding("t", "app.tasks", "Tasks"),
        Binding("l", "app.live", "Live"),
        Binding("r", "again", "Read again", show=False),
        Binding("question_mark", "app.help", "Keys", key_display="?"),
        Binding("q", "app.quit", "Quit"),
        Binding("escape", "clear", "All", show=False),
    ]
    DEFAULT_CSS = """
    ClassScreen #search { margin: 0 1; width: 1fr; display: none; }
    ClassScreen.-search #search { display: block; }
    ClassScreen.-narrow #body > DataTable { height: 2fr; }
    ClassScreen.-wide #body > DataTable { width: 2fr; }
    """

    def __init__(
        self,
        room: Room,
        learner: Callable[[str, Sequence[str]], None],
        view: tuple[str, str, str, bool] = ("", "all", "list", False),
    ) -> None:
        super().__init__()
        self.room = room
        self.search, self.only, self.sort, self.backwards = view
        self.found: list[Standing] = []
        self._learner = learner

    def above(self) -> Sequence[Widget]:
        return [Input(self.search, placeholder="Search", id="search", compact=True)]

    # -- what is shown ---------------------------------------------------------------------------

    def read(self) -> list[Standing]:
        return self.room.standings()

    def take(self, found: list[Standing]) -> None:
        self.found = found

    def chosen(self) -> list[Standing]:
        """Those on the screen, in its order."""
        return rows(
            self.found,
            search=self.search,
            only=self.only,
            sort=self.sort,
            backwards=self.backwards,
        )

    def head(self) -> Content:
        terms = self.room.assignment
        parts: list[str | tuple[str, str]] = [
            (f"{shown(terms.id)} {shown(terms.title)}", "bold"),
            (f"  due {shown(terms.due_text)}", ""),
        ]
        if self.read_once:
            many = len(self.chosen())
            total = len(self.found)
            parts.append(f"  {total} learners" if many == total else f"  {many} of {total}")
        if self.only != "all":
            parts.append((f"  only {ONLY.get(self.only, self.only)}", "bold $text-accent"))
        if self.search:
            parts.append((f"  “{self.search}”", "bold $text-accent"))
        if self.sort != "list" or self.backwards:
            parts.append((f"  {'↑' if self.backwards else '↓'} {self.sort}", "bold $text-accent"))
        return Content.assemble(*parts)

    def columns(self) -> Sequence[Column]:
        longest = max((len(one.name) for one in self.found), default=0)
        ids = max((len(one.learner) for one in self.found), default=0)
        most = max((len(points(one)) for one in self.found), default=0)
        return (
            Column(" ", 1),
            Column("learner", min(max(ids, 7), 16)),
            Column("name", min(max(longest, 4), 24)),
            Column("points", max(most, 6)),
            Column("state", 17),
            Column("look at", 0),
        )

    def lines(self) -> Sequence[Line]:
        found = []
        for one in self.chosen():
            sign, look = STATES[one.state]
            dim = "dim" if one.graded is None and one.override is None else ""
            late = "late" if one.graded and one.graded.late else ""
            said = f"“{one.comments[-1]}”" if one.comments else ""
            hint = "; ".join(part for part in (late, one.look or said) if part)
            cells = (
                (sign, look),
                (one.learner, dim),
                (one.name, dim),
                (points(one), dim),
                (one.state, look),
                (hint, "" if one.look else "dim"),
            )
            found.append(Line(one.learner, cells))
        return found

    def detail(self, key: str) -> Content:
        one = next(one for one in self.found if one.learner == key)
        parts: list[str | tuple[str, str]] = [
            (f"{shown(one.name or key)}", "bold $text-accent"),
            (f"  {shown(key)}\n", MUTED),
        ]
        parts += [f"{shown(line)}\n" for line in summary(one)]
        if one.override:
            author = shown(one.override.author)
            parts.append(f"✎ {author}: {shown(one.override.text)}\n")
        parts += [f"“{shown(text)}”\n" for text in one.comments]
        return Content.assemble(*parts)

    def enter(self, key: str) -> None:
        self._learner(key, [one.learner for one in self.chosen()])

    # -- actions ---------------------------------------------------------------------------------

    def action_filter(self, by: int = 1) -> None:
        names = list(FILTERS)
        self.only = names[(names.index(self.only) + by) % len(names)]
        self.show()

    def action_sort(self) -> None:
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        # The most points, the last that came: what one looks for first.
        self.backwards = self.sort in ("points", "received")
        self.show()

    def action_backwards(self) -> None:
        self.backwards = not self.backwards
        self.show()

    def action_search(self) -> None:
        self.set_class(True, "-search")
        self.query_one("#search", Input).focus()

    def action_clear(self) -> None:
        """The whole class again, in the order of its list."""
        self.search, self.only, self.sort, self.backwards = "", "all", "list", False
        self.query_one("#search", Input).value = ""
        self.set_class(False, "-search")
        self.table.focus()
        self.show()

    @on(Input.Changed, "#search")
    def _searched(self, event: Input.Changed) -> None:
        self.search = event.value
        self.show()

    @on(Input.Submitted, "#search")
    def _to_list(self) -> None:
        self.set_class(bool(self.search), "-search")
        if self.focused is self.table:
            # Enter was hit again before the focus had moved: it was meant for the list.
            self.table.action_select_cursor()
        # At once: `Widget.focus` would do it when all that waits has been done.
        self.set_focus(self.table)

    def on_key(self, event: object) -> None:
        if getattr(event, "key", "") == "down" and self.query_one("#search", Input).has_focus:
            self._to_list()
