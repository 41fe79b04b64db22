"""The course: a tree in the source's order, what to take up, what is next.

This screen is the first that is drawn: the course itself is imported and read after that.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Static, Tree
from textual.widgets.tree import TreeNode

from lab_engine.tui.messages import LessonLikely, LessonWanted
from lab_engine.tui.panes.footer import Keys
from lab_engine.tui.screens import entries
from lab_engine.tui.times import ago, duration

if TYPE_CHECKING:
    from lab_engine.bench.features import Kernel
    from lab_engine.course.lesson import Chapter, Lesson, Step
    from lab_engine.tui.overview import Overview

    Entry = Chapter | Lesson | Step | None

PAUSE: Final = 0.15
"""Seconds without a key in the search after which the tree is made anew: keys go first."""


class HomeScreen(Screen[None]):
    CSS_PATH = "home.tcss"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 -- as Textual has it
        (0, "-narrow"),
        (100, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        # The tree has an Enter of its own, so in the footer this would come and go with the focus.
        Binding("enter", "begin", "Begin or go on", show=False),
        Binding("slash,f3", "search", "Search", key_display="/"),
        Binding("c", "continue", "Go on"),
        Binding("n", "anew", "Begin anew"),
        Binding("d", "app.doctor", "Machine"),
        Binding("question_mark", "app.help", "Keys", key_display="?"),
        Binding("f10", "app.command_palette", "Menu", key_display="F10"),
        Binding("q", "app.leave", "Quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.overview: Overview | None = None
        self._texts: dict[tuple[str, str], str] = {}
        """What can be searched of each step, by lesson and step, once it is read."""
        self._searching: Timer | None = None
        self._kernel: Kernel | None = None
        """The one under the benches, once it was asked; it is only where a step needs that."""

    def compose(self) -> ComposeResult:
        """What is drawn at once; `show` adds the rest when the course was read."""
        yield Static("infralab", id="bar")
        yield Static("Reading the course …", id="reading")
        yield Keys()

    async def _furnish(self) -> None:
        tree = CourseTree("Course")
        tree.show_root = False
        tree.guide_depth = 2
        await self.query_one("#reading").remove()
        await self.mount(
            Static(id="resume"),
            Input(placeholder="Search the course", id="search", compact=True),
            Container(tree, VerticalScroll(Static(), id="detail", can_focus=False), id="body"),
            after="#bar",
        )
        tree.focus()

    @property
    def course(self) -> Tree[Entry]:
        return cast("Tree[Entry]", self.query_one(Tree))

    async def show(self, overview: Overview) -> None:
        """Show the course and the progress in it."""
        if self.overview is None:
            await self._furnish()
        self.overview = overview
        done = sum(state.whole for state in overview.states.values())
        total = len(overview.course.lessons)
        bar = Content.assemble(
            (overview.course.title, "bold"),
            (f"   {done} of {total} lessons done", "dim"),
        )
        self.query_one("#bar", Static).update(bar)
        self._show_resume(overview)
        self._fill(self.query_one(Input).value)
        if not self._texts:
            self.run_worker(self._read_texts(overview), group="texts", exclusive=True)

    def tell_of(self, kernel: Kernel) -> None:
        """Say from now on of each step whether this kernel is enough for it."""
        self._kernel = kernel
        self._detail(self._entry())

    async def _read_texts(self, overview: Overview) -> None:
        self._texts = await asyncio.to_thread(_texts, overview)
        if self.query_one(Input).value:
            self._fill(self.query_one(Input).value)

    def _show_resume(self, overview: Overview) -> None:
        area = self.query_one("#resume", Static)
        row, following = overview.current, overview.next
        parts: list[str | tuple[str, str]] = []
        if row is not None:
            lesson = overview.course.lesson(row.lesson)
            where = next(
                (f", step {s.number} “{s.title}”" for s in lesson.steps if s.name == row.step), ""
            )
            parts = [
                ("▸ c goes on: ", "bold $text-accent"),
                (lesson.title, "bold"),
                where,
                (f"  {ago(row.touched)}", "dim"),
            ]
        elif following is not None:
            parts = [
                ("▸ Next: ", "bold $text-accent"),
                (f"{following.number} {following.title}", "bold"),
                (
                    f"  {duration(overview.minutes_left(following))}. Enter begins.",
                    "dim",
                ),
            ]
        area.update(Content.assemble(*parts))
        area.set_class(bool(parts), "-there")

    # -- the tree --------------------------------------------------------------------------------

    def _fill(self, wanted: str) -> None:
        overview = self.overview
        if overview is None:
            return
        tree = self.course
        kept = self._entry()
        tree.clear()
        words = wanted.casefold().split()
        for chapter in overview.course.chapters:
            lessons = [one for one in chapter.lessons if self._found(one, chapter, words)]
            if not lessons:
                continue
            label = Content.assemble((f"{chapter.number} {chapter.title}", "bold"))
            branch = tree.root.add(_text(label), chapter, expand=True)
            for lesson in lessons:
                self._add_lesson(branch, lesson, overview, words)
        if not words:
            self._add_empty(tree, overview)
        elif not tree.root.children:
            tree.root.add_leaf("Nothing in the course has these words.", None)
        self._point(kept)

    def _add_empty(self, tree: Tree[Entry], overview: Overview) -> None:
        """The chapters that have no lesson yet, folded."""
        empty = [chapter for chapter in overview.course.chapters if not chapter.lessons]
        if empty:
            count = f"{len(empty)} chapter{'s' if len(empty) > 1 else ''} without a lesson yet"
            branch = tree.root.add(_text(Content.styled(count, "dim")), None)
            for chapter in empty:
                label = Content.styled(f"{chapter.number} {chapter.title}", "dim")
                branch.add_leaf(_text(label), chapter)

    def _found(self, lesson: Lesson, chapter: Chapter, words: list[str]) -> bool:
        return entries.matches(lesson, chapter, words) or any(
            self._in_text(step, words) for step in lesson.steps
        )

    def _in_text(self, step: Step, words: list[str]) -> bool:
        text = f"{step.title.casefold()} {self._texts.get((step.lesson, step.name), '')}"
        return all(word in text for word in words)

    def _add_lesson(
        self, branch: TreeNode[Entry], lesson: Lesson, overview: Overview, words: list[str]
    ) -> None:
        state = overview.states[lesson.slug]
        node = branch.add(_text(entries.label(lesson, state)), lesson, expand=bool(words))
        its = [step.name for step in lesson.steps if self._in_text(step, words)]
        for step, done in zip(lesson.steps, state.steps, strict=False):
            if words and its and step.name not in its:
                continue
            sign = "✔" if done else "○"
            node.add_leaf(_text(Content(f"{sign} {step.number}. {step.title}")), step)

    def _point(self, entry: Entry) -> None:
        """Put the cursor at an entry; at first at what is next."""
        overview = self.overview
        if entry is None and overview is not None:
            row = overview.current
            entry = overview.course.lesson(row.lesson) if row else overview.next
        for node in _nodes(self.course.root):
            if _same(node.data, entry):
                # A node has no line to go to until the tree is laid out again (TreeNode.line).
                self.call_after_refresh(self._put_cursor, node)
                return

    def _put_cursor(self, node: TreeNode[Entry]) -> None:
        self.course.move_cursor(node)
        # The tree tells of a new line only, and this may be another entry on the same one.
        self._detail(node.data)

    def _entry(self) -> Entry:
        node = self.course.cursor_node
        return node.data if node else None

    @on(Input.Changed, "#search")
    def _searched(self) -> None:
        if self._searching:
            self._searching.stop()
        self._searching = self.set_timer(PAUSE, self._search)

    def _search(self) -> None:
        if self._searching:
            self._searching.stop()
            self._searching = None
            self._fill(self.query_one(Input).value)

    @on(Input.Submitted, "#search")
    def _to_tree(self) -> None:
        from lab_engine.course.lesson import Lesson

        self._search()
        self.course.focus()
        words = self.query_one(Input).value.casefold().split()
        lessons = [n for n in _nodes(self.course.root) if isinstance(n.data, Lesson)]
        # What is called so comes before what only speaks of it.
        called = (
            n for n in lessons if isinstance(n.data, Lesson) and entries.is_called(n.data, words)
        )
        first = next(called, lessons[0] if lessons else None)
        if first:
            # After the move that the search itself may still wait to make.
            self._point(first.data)

    def action_search(self) -> None:
        if self.overview is not None:
            self.query_one(Input).focus()

    def on_key(self, event: object) -> None:
        key = getattr(event, "key", "")
        if self.overview is None:
            return
        if key == "escape" and self.query_one(Input).has_focus:
            self.query_one(Input).value = ""
            self.course.focus()
        elif key == "down" and self.query_one(Input).has_focus:
            self._to_tree()

    # -- details ---------------------------------------------------------------------------------

    @on(Tree.NodeHighlighted)
    def _show_details(self, event: Tree.NodeHighlighted[Entry]) -> None:
        self._detail(event.node.data)

    def _detail(self, entry: Entry) -> None:
        from lab_engine.course.lesson import Chapter, Lesson, Step

        overview = self.overview
        if overview is None:
            return
        area = self.query_one("#detail", VerticalScroll).query_one(Static)
        match entry:
            case Lesson() as lesson:
                area.update(entries.of_lesson(lesson, overview, self._kernel))
                self.post_message(LessonLikely(lesson))
            case Step() as step:
                area.update(entries.of_step(step, overview, self._kernel))
            case Chapter() as chapter:
                area.update(entries.of_chapter(chapter))
            case _:
                area.update("")

    # -- actions ---------------------------------------------------------------------------------

    @on(Tree.NodeSelected)
    def _selected(self, event: Tree.NodeSelected[Entry]) -> None:
        self._begin(event.node.data)

    def action_begin(self) -> None:
        if self.overview is not None:
            self._begin(self._entry())

    def _begin(self, entry: Entry) -> None:
        from lab_engine.course.lesson import Lesson, Step

        if self.overview is None:
            return
        match entry:
            case Lesson():
                self.post_message(LessonWanted(entry))
            case Step():
                lesson = self.overview.course.lesson(entry.lesson)
                self.post_message(LessonWanted(lesson, entry.name))
            case _:
                return

    def action_continue(self) -> None:
        row = self.overview.current if self.overview else None
        if self.overview is None or row is None:
            self.notify("Nothing was begun yet. Choose a lesson, and press Enter.")
            return
        self.post_message(LessonWanted(self.overview.course.lesson(row.lesson)))

    def action_anew(self) -> None:
        from lab_engine.course.lesson import Lesson, Step

        entry = self._entry() if self.overview else None
        if self.overview is None or not isinstance(entry, Lesson | Step):
            self.notify("Choose a lesson first.")
            return
        lesson = entry if isinstance(entry, Lesson) else self.overview.course.lesson(entry.lesson)
        self.post_message(LessonWanted(lesson, anew=True))


class CourseTree(Tree["Entry"]):
    """The tree, with the arrows that everybody tries: right opens, left closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "into", "Open", show=False),
        Binding("left", "out", "Close", show=False),
    ]

    def action_into(self) -> None:
        node = self.cursor_node
        if node is None or not node.children:
            return
        if node.is_expanded:
            self.move_cursor(node.children[0])
        else:
            node.expand()

    def action_out(self) -> None:
        node = self.cursor_node
        if node is None:
            return
        if node.children and node.is_expanded:
            node.collapse()
        elif node.parent is not None and node.parent is not self.root:
            self.move_cursor(node.parent)


def _texts(overview: Overview) -> dict[tuple[str, str], str]:
    from lab_engine.course.text.search import searchable

    return {
        (lesson.slug, step.name): searchable(step.source)
        for lesson in overview.course.lessons
        for step in lesson.steps
    }


def _nodes(node: TreeNode[Entry]) -> list[TreeNode[Entry]]:
    found = []
    for child in node.children:
        found += [child, *_nodes(child)]
    return found


def _same(a: Entry, b: Entry) -> bool:
    from lab_engine.course.lesson import Chapter, Lesson, Step

    match a, b:
        case Lesson(), Lesson():
            return a.slug == b.slug
        case Step(), Step():
            return (a.lesson, a.name) == (b.lesson, b.name)
        case Chapter(), Chapter():
            return a.number == b.number
    return False


def _text(content: Content) -> Text:
    """Trees take Rich text."""
    text = Text(content.plain)
    for span in content.spans:
        if isinstance(span.style, str) and "$" not in span.style:
            text.stylize(span.style, span.start, span.end)
    return text
