"""What a learner does with a step as a whole: go on, go back, solve, reset, repair, take over."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from lab_engine.tui.desk import Desk
from lab_engine.tui.document.pane import TextPane

if TYPE_CHECKING:
    from lab_engine.tui.app import LearnApp


class StepActions(Screen[None]):
    """The part of the lesson's screen that asks the desk for work, with the questions before it."""

    desk: Desk

    def to_text(self) -> None:
        """Bring the text to the front."""
        raise NotImplementedError

    async def action_next(self) -> None:
        desk = self.desk
        following = desk.next_step
        if following is None:
            self.notify("This is the last step. Escape goes back to the course.")
            return
        if desk.busy:
            self.notify("Wait until the step is ready, or stop it with x.", severity="warning")
            return
        if not desk.done and not desk.watching:
            from lab_engine.tui.screens.dialogs import Choice

            def chosen(go: str | None) -> None:
                if go == "go":
                    self._go(following.name)

            self.app.push_screen(
                Choice(
                    f"Still open here: {self._open()}.",
                    "You can come back to it later.",
                    {"stay": "Stay here", "go": "Go on all the same"},
                ),
                chosen,
            )
            return
        self._go(following.name)

    def _open(self) -> str:
        text, desk = self.query_one(TextPane), self.desk
        tasks = [str(card.number) for name, card in text.tasks.items() if not desk.passed(name)]
        asked = [str(c.number) for n, c in text.questions.items() if not desk.answers.get(n)]
        parts = [
            f"{word}{'s' if len(which) > 1 else ''} {', '.join(which)}"
            for word, which in (("task", tasks), ("question", asked))
            if which
        ]
        return " and ".join(parts)

    def action_back(self) -> None:
        earlier = self.desk.previous_step
        if earlier is None:
            self.notify("This is the first step. Escape goes back to the course.")
        else:
            self._go(earlier.name)

    def go_to(self, name: str) -> None:
        self._go(name)

    def _go(self, name: str) -> None:
        self.to_text()
        self.desk.go(name)

    def action_solution(self) -> None:
        desk = self.desk
        lab_step = desk.step.lab_step if desk.step else None
        if lab_step is None or not lab_step.solutions:
            self.notify("This step has nothing to solve.")
            return
        if desk.session is not None and desk.session.mode == "assessed":
            self.notify("Solutions are not shown in an assessed session.")
            return
        from lab_engine.tui.screens.solution import SolutionScreen

        def chosen(name: str | None) -> None:
            if name:
                desk.solve(name)

        self.app.push_screen(SolutionScreen(lab_step.solutions, desk.variables), chosen)

    def action_reset(self) -> None:
        if self.desk.session is None:
            self.notify("There is nothing to reset yet.")
            return
        from lab_engine.tui.screens.dialogs import Choice

        def chosen(go: str | None) -> None:
            if go == "reset":
                self.desk.reset()

        self.app.push_screen(
            Choice(
                "Bring the step back to its start?",
                "What you made in this step is undone. Points that you have stay.",
                {"stay": "Keep it", "reset": "Reset the step"},
            ),
            chosen,
        )

    def action_repair(self) -> None:
        self.desk.repair()

    def action_retry(self) -> None:
        self.desk.retry()

    def action_cancel(self) -> None:
        if self.desk.busy:
            self.desk.cancel()

    def _resume(self, *, steal: bool = False, watch: bool = False) -> None:
        desk = self.desk
        if desk.lesson is None:
            return
        cast("LearnApp", self.app).take_up(desk.lesson, steal=steal, watch=watch)

    def action_take_over(self) -> None:
        self._resume(steal=True)

    def action_look_on(self) -> None:
        self._resume(watch=True)
