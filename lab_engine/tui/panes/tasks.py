"""The pane that says how the tasks stand."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from lab_engine.course.text.model import TaskBlock
from lab_engine.course.told import points
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.tui.desk import Desk
from lab_engine.tui.document.content import sign_of, summary
from lab_engine.tui.document.task import Evidence, TaskCard


class TaskRow(Vertical, can_focus=True):
    """One task in a line; opens to why it is not done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "unfold", "Why"),
        Binding("h", "hint", "Hint"),
    ]
    DEFAULT_CSS = """
    TaskRow { height: auto; padding: 0 1; }
    TaskRow:focus { background: $boost; }
    TaskRow > Horizontal { height: auto; }
    TaskRow .sign { width: 5; }
    TaskRow .line { width: 1fr; height: auto; }
    """

    def __init__(self, block: TaskBlock, number: int, worth: int) -> None:
        super().__init__()
        self.block = block
        self.number = number
        self.worth = worth
        self.verdict: Verdict | None = None
        self.touched = False
        self.given = False
        self.open: bool | None = None
        """What the learner chose; None leaves it to the verdict."""
        self._shown: Verdict | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(self._sign(), classes="sign")
            yield Static(self._line(), classes="line")

    def _sign(self) -> Content:
        sign, _, style = sign_of(self.verdict, touched=self.touched, given=self.given)
        return Content.styled(f"{sign} {self.number}.", style)

    def _line(self) -> Content:
        _, word, style = sign_of(self.verdict, touched=self.touched, given=self.given)
        return Content.assemble(
            summary(self.block.body),
            (f"  {word}", style),
            (f", {points(self.worth)}", "dim"),
        )

    async def stand(self, verdict: Verdict | None, *, touched: bool, given: bool) -> None:
        self.verdict, self.touched, self.given = verdict, touched, given
        if self.is_mounted:
            self.query_one(".sign", Static).update(self._sign())
            self.query_one(".line", Static).update(self._line())
        await self._unfold()

    async def _unfold(self) -> None:
        wanted = self.verdict if self._is_open() else None
        if wanted == self._shown:
            return
        self._shown = wanted
        await self.query(Evidence).remove()
        if wanted is not None:
            await self.mount(Evidence(wanted))

    def _is_open(self) -> bool:
        verdict = self.verdict
        if verdict is None or verdict.outcome in (Outcome.PASS, Outcome.WAITING):
            return False
        if self.open is not None:
            return self.open
        return self.touched or verdict.outcome is Outcome.ERROR

    async def action_unfold(self) -> None:
        self.open = not self._is_open()
        await self._unfold()

    async def on_click(self) -> None:
        await self.action_unfold()

    def action_hint(self) -> None:
        self.post_message(TaskCard.HintWanted(self.block.id))


class TasksPane(VerticalScroll, can_focus=True):
    """All tasks and questions of the step. A task that is not right yet is open."""

    DEFAULT_CSS = """
    TasksPane { scrollbar-size-vertical: 1; }
    TasksPane > .total { height: auto; padding: 0 1; color: $text-muted; }
    TasksPane > .finish {
        height: auto; padding: 0 1; display: none;
        background: $success-muted; color: $text-success; text-style: bold;
    }
    TasksPane.-done > .finish { display: block; }
    TasksPane > .repair { height: auto; display: none; }
    TasksPane.-blind > .repair { display: block; }
    TasksPane .repair Static { width: 1fr; color: $text-warning; text-style: bold; padding: 0 1; }
    """

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.desk = desk

    def compose(self) -> ComposeResult:
        yield Static(classes="finish")
        with Horizontal(classes="repair"):
            yield Static("! Something in the bench does not answer.")
            yield Button("Repair (p)", action="screen.repair", compact=True, variant="primary")
        yield Static(classes="total")

    async def show(self) -> None:
        """The tasks of another step."""
        page = self.desk.page
        worth = {task.id: task.points for task in page.step.tasks} if page.step else {}
        blocks = page.document.tasks if page.document else ()
        await self.query(TaskRow).remove()
        rows = [TaskRow(b, n, worth.get(b.id, 0)) for n, b in enumerate(blocks, 1)]
        await self.mount_all(rows, before=self.query_one(".total"))
        await self.refresh_verdicts()

    async def refresh_verdicts(self) -> None:
        desk, page = self.desk, self.desk.page
        given = page.given
        for row in self.query(TaskRow):
            name = row.block.id
            await row.stand(
                page.verdicts.get(name), touched=page.touched(name), given=name in given
            )
        self.query_one(".total", Static).update(self._total())
        self.set_class(page.done and desk.ready, "-done")
        self.set_class(page.blind and desk.ready, "-blind")
        following = page.next_step
        words = f"F8 goes on to “{following.title}”." if following else "That was the last step."
        has = bool(page.document and (page.document.tasks or page.document.questions))
        lead = "✔ This step is done. " if has else "Nothing to do here but read. "
        self.query_one(".finish", Static).update(lead + words)

    def _total(self) -> str:
        desk, page = self.desk, self.desk.page
        parts = []
        if page.document and page.document.tasks:
            done = sum(page.passed(task.id) for task in page.document.tasks)
            parts.append(f"{done} of {len(page.document.tasks)} tasks done")
        if page.document and page.document.questions:
            right = sum(bool(page.answers.get(q.question.id)) for q in page.document.questions)
            parts.append(f"{right} of {len(page.document.questions)} questions answered")
        if desk.ready and page.document and page.document.tasks:
            parts.append("checked by itself as you work")
        return " · ".join(parts)
