"""A task in the text: what to do, how it stands, its hints."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from lab_engine.course import told
from lab_engine.course.text.model import TaskBlock
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.session import points as scoring
from lab_engine.tui.document.blocks import Blocks, CodeBlock, build
from lab_engine.tui.document.content import sign_of

WORDS: Final = {"expected": "Expected", "observed": "Found", "explanation": "Perhaps"}


def reasons(verdict: Verdict) -> list[tuple[str, str]]:
    """Why a task is not done: a word and a sentence each."""
    if verdict.outcome is Outcome.ERROR:
        return [("Trouble", told.trouble(verdict))]
    if verdict.evidence is None:
        return [("", verdict.message)] if verdict.message else []
    return [(WORDS[part], said) for part, said in told.reasons(verdict) if part in WORDS]


class TaskCard(Vertical, can_focus=True):
    """One task. Opens to why it is not done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "unfold", "Why"),
    ]
    DEFAULT_CSS = """
    TaskCard {
        height: auto;
        margin: 0 0 1 0;
        padding: 0 1;
        border: round $primary;
        border-title-style: bold;
        border-title-color: $text-primary;
        border-subtitle-color: $text-muted;
    }
    TaskCard:focus { border: round $accent; }
    TaskCard.-done { border: round $success; border-title-color: $text-success; }
    TaskCard.-wrong { border: round $error; border-title-color: $text-error; }
    TaskCard .hint { height: auto; margin: 0; padding: 0 1; border-left: wide $warning; }
    TaskCard .hint .lead { color: $text-warning; text-style: bold; }
    """

    def __init__(self, block: TaskBlock, number: int, worth: int) -> None:
        super().__init__()
        self.block = block
        self.number = number
        self.worth = worth
        self.open: bool | None = None
        """What the learner chose; None leaves it to the verdict."""
        self._shown = 0
        self._verdict: Verdict | None = None
        self._touched = False
        self._unfolded: Verdict | None = None

    def compose(self) -> ComposeResult:
        yield from build(self.block.body)

    async def on_mount(self) -> None:
        await self.stand(None, touched=False)

    async def stand(self, verdict: Verdict | None, *, touched: bool, given: bool = False) -> None:
        """Show how the task stands now."""
        self._verdict, self._touched = verdict, touched
        sign, word, _ = sign_of(verdict, touched=touched, given=given)
        self.border_title = f"{sign} Task {self.number}: {word} · {told.points(self.worth)}"
        self.set_class(self._done, "-done")
        self.border_subtitle = self._hint_words()
        self.set_class(touched, "-wrong")
        await self._unfold()

    async def _unfold(self) -> None:
        wanted = self._verdict if self._is_open() else None
        if wanted == self._unfolded:
            return
        self._unfolded = wanted
        await self.query(Evidence).remove()
        if wanted is not None:
            hint = next(iter(self.query(".hint")), None)
            await self.mount(Evidence(wanted), before=hint)

    def _is_open(self) -> bool:
        verdict = self._verdict
        if verdict is None or verdict.outcome in (Outcome.PASS, Outcome.WAITING):
            return False
        if self.open is not None:
            return self.open
        return self._touched or verdict.outcome is Outcome.ERROR

    async def action_unfold(self) -> None:
        self.open = not self._is_open()
        await self._unfold()

    @property
    def _done(self) -> bool:
        return self._verdict is not None and self._verdict.passed

    def _hint_words(self) -> str:
        total = len(self.block.hints)
        if not total or self._done:
            return ""
        if self._shown >= total:
            return "no more hints"
        return f"h: hint {self._shown + 1} of {total}, costs {self.price}"

    @property
    def price(self) -> str:
        """What the next hint costs, in points."""
        return scoring.shown(scoring.cost(self.worth, self._shown))

    async def show_hints(self, count: int) -> None:
        """Show the first `count` hints."""
        for n in range(self._shown, min(count, len(self.block.hints))):
            lead = Static(f"Hint {n + 1} of {len(self.block.hints)}", classes="lead")
            await self.mount(Vertical(lead, Blocks(self.block.hints[n]), classes="hint"))
        self._shown = max(self._shown, count)
        self.border_subtitle = self._hint_words()


class Evidence(Vertical):
    """Why a task is not done, with the command that shows it."""

    DEFAULT_CSS = """
    Evidence { height: auto; margin: 1 0 0 0; }
    Evidence > Horizontal { height: auto; }
    Evidence .word { width: 10; text-style: bold; }
    Evidence .said { width: 1fr; height: auto; }
    Evidence > CodeBlock { margin: 0; }
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict

    def compose(self) -> ComposeResult:
        for word, said in reasons(self.verdict):
            yield Horizontal(
                Static(word, classes="word"), Static(said, classes="said", markup=False)
            )
        evidence = self.verdict.evidence
        if evidence and evidence.look:
            where = f" on the console of {evidence.console}" if evidence.console else ""
            yield CodeBlock(evidence.look, label=f"see it yourself{where}:")
