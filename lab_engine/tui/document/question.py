"""A question in the text, and its answer."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from lab_engine.course.text.model import QuestionBlock
from lab_engine.course.text.question import Graded
from lab_engine.tui.document.blocks import build
from lab_engine.tui.document.content import DONE, OPEN, WRONG, styled
from lab_engine.tui.document.options import Options


class QuestionCard(Vertical):
    """One question with its options or a field. Says at once whether it is right, and why."""

    DEFAULT_CSS = """
    QuestionCard {
        height: auto;
        margin: 0 0 1 0;
        padding: 0 1;
        border: round $secondary;
        border-title-style: bold;
        border-title-color: $text-secondary;
    }
    QuestionCard:focus-within { border: round $accent; }
    QuestionCard.-right { border: round $success; border-title-color: $text-success; }
    QuestionCard.-wrong { border: round $error; border-title-color: $text-error; }
    QuestionCard Input { width: 1fr; }
    QuestionCard Button { margin: 1 0 0 0; }
    QuestionCard > .said { height: auto; display: none; margin: 1 0 0 0; }
    QuestionCard.-right > .said, QuestionCard.-wrong > .said { display: block; }
    """

    @dataclass
    class Answered(Message):
        question: str
        text: str

    def __init__(self, block: QuestionBlock, number: int, *, correct: bool | None = None) -> None:
        super().__init__()
        self.block = block
        self.number = number
        self._correct = correct

    def compose(self) -> ComposeResult:
        yield from build(self.block.body)
        question = self.block.question
        match question.kind:
            case "choice":
                yield self._options(several=False)
            case "choices":
                yield self._options(several=True)
                yield Button("Answer", compact=True, variant="primary")
            case _:
                unit = f" in {question.unit}" if question.unit else ""
                what = "a number" if question.kind == "number" else "your answer"
                yield Input(placeholder=f"{what}{unit}, then Enter", compact=True)
        yield Static(classes="said")

    def _options(self, *, several: bool) -> Options:
        return Options(tuple(styled(option) for option in self.block.options), several=several)

    def on_mount(self) -> None:
        self._stand(self._correct)

    def _stand(self, correct: bool | None) -> None:
        sign, word = {
            True: (DONE, "right"),
            False: (WRONG, "not right yet"),
            None: (OPEN, "to answer"),
        }[correct]
        several = ", several may be right" if self.block.question.kind == "choices" else ""
        self.border_title = f"{sign} Question {self.number}: {word}{several}"
        self.set_class(correct is True, "-right")
        self.set_class(correct is False, "-wrong")

    def graded(self, graded: Graded) -> None:
        """Show what was said to the last answer."""
        self._stand(graded.correct)
        style = "$text-success" if graded.correct else "$text-error"
        self.query_one(".said", Static).update(Content.styled(graded.explanation, style))

    def on_options_changed(self, event: Options.Changed) -> None:
        event.stop()
        if self.block.question.kind == "choice":
            self.post_message(self.Answered(self.block.question.id, str(event.numbers[0])))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Answered(self.block.question.id, event.value))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        picked = self.query_one(Options).chosen
        self.post_message(self.Answered(self.block.question.id, ",".join(map(str, picked))))
