"""The lesson: text, shell, tasks and picture on one screen.

Longer than most: what a key means depends on all four of them.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from lab_engine.course.told import points
from lab_engine.errors import InfralabError
from lab_engine.tui.desk import Desk
from lab_engine.tui.document.blocks import CodeBlock
from lab_engine.tui.document.pane import Place, TextPane
from lab_engine.tui.document.question import QuestionCard
from lab_engine.tui.document.task import TaskCard
from lab_engine.tui.keymap import DEFAULTS
from lab_engine.tui.messages import DeskChanged
from lab_engine.tui.panes.bar import Bar
from lab_engine.tui.panes.footer import Keys
from lab_engine.tui.panes.picture import PicturePane
from lab_engine.tui.panes.preparing import Preparing
from lab_engine.tui.panes.shell import BENCH, ShellPane
from lab_engine.tui.panes.splitter import Axis, Panes
from lab_engine.tui.panes.strip import TaskStrip
from lab_engine.tui.phase import Phase
from lab_engine.tui.screens.step_actions import StepActions
from lab_engine.tui.screens.step_cards import StepCards
from lab_engine.tui.terminal.pane import TerminalPane
from lab_engine.tui.terminal.plain import plain_terminal

Which = Literal["text", "shell", "picture"]
PANES: Final[dict[Which, str]] = {"text": "Text", "shell": "Shell", "picture": "Picture"}


def _key(action: str, does: str, words: str, *, show: bool = True) -> Binding:
    """One that works in every pane; the learner's own key comes by its id."""
    key = DEFAULTS[action]
    return Binding(key, does, words, priority=True, show=show, id=f"lesson.{action}")


class LessonScreen(Screen[None]):
    """One step of a lesson. What it shows is the desk's; it may be left and come back to."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 -- as Textual has it
        (0, "-narrow"),
        (110, "-middle"),
        (150, "-wide"),
        (162, "-vast"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        _key("text", "pane('text')", "Text", show=False),
        _key("shell", "pane('shell')", "Shell", show=False),
        _key("task", "task", "Task", show=False),
        _key("picture", "pane('picture')", "Picture", show=False),
        _key("zoom", "zoom", "Zoom"),
        _key("check", "check", "Check"),
        _key("next", "next", "Next step"),
        _key("hint", "hint", "Hint"),
        _key("menu", "app.command_palette", "Menu"),
        _key("repair", "repair", "Repair", show=False),
        _key("reset", "reset", "Reset", show=False),
        _key("solution", "solution", "Solution", show=False),
        _key("help", "app.help", "Keys", show=False),
        _key("another_shell", "another_shell", "Another shell", show=False),
        Binding("question_mark", "app.help", "Keys", key_display="?"),
        Binding("f12", "plain", "Plain terminal", priority=True, show=False),
        Binding("escape", "course", "Course", show=False),
        # No letters: who has read on types a command, and it goes to the shell (`on_key`).
        Binding("ctrl+c", "cancel", "Stop", show=False),
        Binding("ctrl+left", "split('columns', -0.05)", "Narrower text", show=False),
        Binding("ctrl+right", "split('columns', 0.05)", "Wider text", show=False),
        Binding("ctrl+up", "split('rows', -0.05)", "Shorter", show=False),
        Binding("ctrl+down", "split('rows', 0.05)", "Taller", show=False),
    ]

    def __init__(self, desk: Desk, columns: float = 0.0, rows: float = 0.0) -> None:
        """With the borders at these parts of the width and height; 0 leaves them to us."""
        super().__init__()
        self.desk = desk
        self._shares = columns, rows
        self.acts = StepActions(desk, self)
        self.cards = StepCards(desk, self)
        self.which: Which = "text"

    def compose(self) -> ComposeResult:
        yield Bar(self.desk)
        yield Static(id="tabs")
        with Panes(id="panes"):
            yield TextPane(id="text")
            yield ShellPane(self.desk, id="shell")
            yield TaskStrip(self.desk, id="strip")
            yield PicturePane(id="picture")
        yield Keys()

    async def on_mount(self) -> None:
        for name in PANES:
            self.query_one(f"#{name}").border_title = self._title(name)
        self._mark("text")
        self.query_one(TextPane).on_place = self._read_at
        self.call_after_refresh(self.query_one(Panes).take_shares, *self._shares)
        await self._show_step()
        await self._show_phase()
        self.query_one(TextPane).focus()

    # -- what is shown ---------------------------------------------------------------------------

    @on(DeskChanged)
    async def _desk_changed(self, event: DeskChanged) -> None:
        match event.change:
            case "step":
                await self._show_step()
            case "phase":
                await self._show_phase()
            case "progress":
                self.query_one(Preparing).refresh_rows()
            case "verdicts":
                await self._show_verdicts()
            case "picture":
                self._show_picture()
            case "hints":
                await self.cards.hints()
                self.query_one(TaskStrip).show()
            case "answers":
                self.cards.answers()
                await self._show_verdicts()
            case "given":
                steps = ", ".join(f"“{name}”" for name in self.desk.given)
                self.notify(
                    f"{steps} was done for you by its solution. It counts as given.",
                    title="This step goes on from an earlier one",
                    timeout=10,
                )
            case "asked":
                self.acts.ask()
            case "typing":
                self.acts.show_demonstration()
        self._show_bar()

    async def _show_step(self) -> None:
        desk = self.desk
        if desk.page.step is None or desk.page.document is None:
            return
        text = self.query_one(TextPane)
        if text.shown is not desk.page.document or desk.page.introduction is not None:
            before = desk.page.introduction if desk.page.step.number == 1 else None
            await text.show(desk.page.step, desk.page.document, desk.page.answers, before)
            self.cards.begin()
            self.query_one(Panes).forget_picture()
            self.to_text()
            if (place := desk.page.reading) is not None:
                self.call_after_refresh(text.to_place, Place(*place))
        await self.cards.verdicts(quiet=True)
        await self.cards.hints()
        self._show_picture()
        self._show_bar()

    def _read_at(self, place: Place) -> None:
        self.desk.page.reading = place

    async def _show_phase(self) -> None:
        desk = self.desk
        shell = self.query_one(ShellPane)
        self.query_one(Preparing).refresh_rows()
        if desk.ready and desk.session is not None:
            pane = shell.pane
            if pane is not None and pane.ended is not None and shell.target == BENCH:
                pane.spawn(desk.shell())
            await shell.open(BENCH if pane is None else shell.target)
            await self.cards.verdicts(quiet=True)
            if self.which == "shell":
                self.action_pane("shell")
        else:
            shell.show_preparing()
            if desk.work.phase in (Phase.FAILED, Phase.STOPPED):
                # The learner must choose now, so this comes to the front in every layout.
                self._mark("shell")
                self.query_one(Preparing).to_choice()
            elif self.which == "shell":
                self.query_one(Preparing).focus()
        if desk.lost and desk.ready:
            self.notify(
                " ".join(desk.lost),
                title="Meanwhile",
                severity="warning",
                timeout=10,
            )
            desk.lost = ()
        self._show_bar()

    async def _show_verdicts(self) -> None:
        # Where the text is in front, it stays where the learner reads.
        await self.cards.verdicts(follow=self.which != "text")

    def _show_bar(self) -> None:
        self.query_one(Bar).show()
        self._show_tabs()

    def _title(self, which: Which) -> str:
        return f"{self.desk.keymap.said(which)} {PANES[which]}"

    def _show_tabs(self) -> None:
        parts: list[tuple[str, str]] = []
        for name in PANES:
            style = "bold reverse" if name == self.which else "dim"
            parts += [(f" {self._title(name)} ", style), (" ", "")]
        self.query_one("#tabs", Static).update(Content.assemble(*parts))

    def _show_picture(self) -> None:
        pane = self.query_one(PicturePane)
        pane.show(self.desk.page.picture, self.desk.page.nothing)
        self.query_one(Panes).want_picture(pane.rows)

    # -- panes -----------------------------------------------------------------------------------

    def _mark(self, which: Which) -> None:
        self.which = which
        # A class of the screen is dear: Textual then matches every rule with every widget again.
        if which == "picture":
            # It stays beside the shell, until its key in it puts it away.
            self.add_class("-picture")
        for name in PANES:
            self.query_one(f"#{name}").set_class(name == which, "-current")
        self.query_one(TaskStrip).over(which)
        self._show_tabs()

    def action_pane(self, which: Which) -> None:
        """Go to a pane; once more goes to the next shell, or puts the picture away."""
        shell = self.query_one(ShellPane)
        if which == "shell" and self.which == "shell" and shell.has_focus_within:
            shell.next_tab()
            return
        if which == "picture" and self.which == "picture" and self.has_class("-middle"):
            self.remove_class("-picture")
            which = "text"
        self._mark(which)
        target: Widget = shell.in_front if which == "shell" else self.query_one(f"#{which}")
        # At once: `Widget.focus` waits for its turn, and keys that were typed right after this one
        # would go to the pane that was left, such as a command to the shell.
        self.set_focus(target)

    def on_key(self, event: events.Key) -> None:
        """What is typed while the learner reads begins a command."""
        pane = self.query_one(ShellPane).pane
        # Before bindings: those are looked for when nobody took the key (textual, App.on_event).
        if not event.is_printable or event.key in self.active_bindings:
            return
        if pane is None or not (pane.running or pane.waits) or not self.desk.ready:
            return
        event.stop()
        self.action_pane("shell")
        pane.on_key(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Ctrl+C stops what is going on; else it copies, as on every screen of Textual's."""
        return action != "cancel" or self.desk.busy

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, TaskCard):
            self.query_one(TaskStrip).show(event.widget.block.id)
        for name in PANES:
            pane = self.query_one(f"#{name}")
            if event.widget is pane or pane in event.widget.ancestors:
                self._mark(name)

    def to_text(self) -> None:
        """Bring the text to the front."""
        self._mark("text")
        self.query_one(TextPane).focus()

    def action_task(self) -> None:
        """Go to the card of the task that the learner is at."""
        task = self._current_task()
        if task is None:
            self.to_text()
            return
        self._mark("text")
        text = self.query_one(TextPane)
        text.to_task(task)
        self.set_focus(text.tasks[task])

    @on(ShellPane.FrontWanted)
    def _front_wanted(self, event: ShellPane.FrontWanted) -> None:
        event.stop()
        self._mark("shell")
        self.query_one(ShellPane).in_front.focus()

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")
        self.query_one(TaskStrip).show()

    def action_split(self, axis: Axis, by: float) -> None:
        """Move the border between left and right (`columns`), or above and below (`rows`)."""
        self.query_one(Panes).widen(axis, by)

    # -- what the learner does -------------------------------------------------------------------

    @on(CodeBlock.Sent)
    def _sent(self, event: CodeBlock.Sent) -> None:
        event.stop()
        self._send(event.text)

    def _send(self, text: str) -> None:
        pane = self.query_one(ShellPane).pane
        if pane is None or not (pane.running or pane.waits) or not self.desk.ready:
            self.notify("The shell is not open yet.", severity="warning")
            return
        if self.desk.typing:
            self.notify(self.acts.wait(), severity="warning")
            return
        pane.send_text(text)
        self.action_pane("shell")
        self.notify("It is in the shell. Press Enter there to run it.", timeout=3)

    def on_text_selected(self) -> None:
        """What the mouse has marked in a text is copied, as in the shell."""
        if marked := self.get_selected_text():
            self.app.copy_to_clipboard(marked)
            self.notify("Copied.", timeout=2)

    @on(QuestionCard.Answered)
    def _answered(self, event: QuestionCard.Answered) -> None:
        event.stop()
        self.run_worker(self.desk.answer(event.question, event.text), group="answers")

    @on(PicturePane.ShellWanted)
    async def _shell_wanted(self, event: PicturePane.ShellWanted) -> None:
        event.stop()
        await self.open_shell(event.target)

    async def open_shell(self, target: str) -> None:
        if not self.desk.ready:
            self.notify("The step is not ready yet.", severity="warning")
            return
        await self.query_one(ShellPane).open(target)
        self._mark("shell")
        self.query_one(ShellPane).in_front.focus()

    async def action_another_shell(self) -> None:
        if not self.desk.ready:
            self.notify("The step is not ready yet.", severity="warning")
            return
        shell = self.query_one(ShellPane)
        await shell.open_another()
        self._mark("shell")
        self.set_focus(shell.in_front)

    def action_check(self) -> None:
        if not self.desk.ready:
            self.notify("The step is not ready yet.", severity="warning")
            return
        self.desk.check()
        self.notify("Looking at your work now.", timeout=2)
        if not isinstance(self.focused, TerminalPane):
            self.action_task()

    async def action_hint(self) -> None:
        task = self._current_task()
        if task is None:
            self.notify("All tasks of this step are done.")
            return
        if isinstance(self.focused, TerminalPane):
            self._ask_hint(task)
        else:
            await self._take_hint(task)

    def _current_task(self) -> str | None:
        """The task that the learner is at, else the first that is not done."""
        focused = self.focused
        cards = self.query_one(TextPane).tasks
        for name, card in cards.items():
            if card is focused or (focused and card in focused.ancestors):
                return name
        return next((n for n in cards if not self.desk.page.passed(n)), None)

    def _has_hint(self, card: TaskCard) -> bool:
        if self.desk.page.hints.get(card.block.id, 0) < len(card.block.hints):
            return True
        self.notify(
            f"There are no more hints for task {card.number}. "
            f"{self.desk.keymap.said('solution')} shows the solutions."
        )
        return False

    def _ask_hint(self, task: str) -> None:
        """From the shell: the price first, and nothing moves behind the question."""
        card = self.query_one(TextPane).tasks[task]
        if not self._has_hint(card):
            return
        from lab_engine.tui.screens.hint import HintScreen

        async def take() -> str:
            try:
                await self.desk.take_hint(task)
            except InfralabError as error:
                return f"{error.message}. {error.hint}"
            return ""

        def closed(text: str | None) -> None:
            if text:
                self._send(text)

        taken = self.desk.page.hints.get(task, 0)
        lead = f"Task {card.number}: hint {taken + 1} of {len(card.block.hints)}"
        price = f"It costs {card.price} of its {points(card.worth)}."
        self.app.push_screen(HintScreen(card.block, lead, price, taken, take), closed)

    async def _take_hint(self, task: str) -> None:
        text = self.query_one(TextPane)
        if not self._has_hint(text.tasks[task]):
            return
        try:
            await self.desk.take_hint(task)
        except InfralabError as error:
            self.notify(error.hint, title=error.message, severity="warning", markup=False)
            return
        self._mark("text")
        text.to_task(task)

    async def action_plain(self) -> None:
        """Give the whole terminal to the shell until it is left."""
        if not self.desk.ready or self.desk.session is None:
            self.notify("The shell is not open yet.", severity="warning")
            return
        if self.desk.typing:
            self.notify(self.acts.wait(), severity="warning")
            return
        shell = self.query_one(ShellPane)
        await plain_terminal(self.app, self.desk.shell(shell.target, alone=False))
        await shell.open(shell.target)

    # -- what is asked of the step as a whole ----------------------------------------------------

    async def action_next(self) -> None:
        await self.acts.next()

    def action_solution(self) -> None:
        self.acts.solution()

    def action_reset(self) -> None:
        self.acts.reset()

    def action_repair(self) -> None:
        self.acts.repair()

    def action_retry(self) -> None:
        self.acts.retry()

    async def action_course(self) -> None:
        await self.acts.course()

    def action_cancel(self) -> None:
        self.acts.cancel()

    def action_take_over(self) -> None:
        self.acts.take_over()

    def action_look_on(self) -> None:
        self.acts.look_on()
