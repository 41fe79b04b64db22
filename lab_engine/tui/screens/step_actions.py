"""What a learner does with a step as a whole: go on, go back, solve, reset, repair, take over."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from lab_engine.tui.desk import Desk
from lab_engine.tui.document.pane import TextPane
from lab_engine.tui.panes.shell import ShellPane

if TYPE_CHECKING:
    from lab_engine.tui.app import LearnApp


class StepActions(Screen[None]):
    """The part of the lesson's screen that asks the desk for work, with the questions before it."""

    desk: Desk

    async def action_next(self) -> None:
        desk = self.desk
        following = desk.next_step
        if following is None:
            self.notify("This is the last step. Escape goes back to the course.")
            return
        if desk.busy:
            self.notify(self._wait(), severity="warning")
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
        self.desk.go(name)

    def _wait(self) -> str:
        what = "the solution is typed" if self.desk.typing else "the step is ready"
        return f"Wait until {what}, or stop it with x."

    def action_solution(self) -> None:
        desk = self.desk
        lab_step = desk.step.lab_step if desk.step else None
        if lab_step is None or not lab_step.solutions:
            self.notify("This step has nothing to solve.")
            return
        if desk.session is not None and desk.session.mode == "assessed":
            self.notify("Solutions are not shown in an assessed session.")
            return
        if desk.typing:
            self.notify(self._wait(), severity="warning")
            return
        from lab_engine.tui.screens.solution import SolutionScreen

        def chosen(name: str | None) -> None:
            if name:
                self._demonstrate(name)

        self.app.push_screen(SolutionScreen(lab_step.solutions, desk.variables), chosen)

    def _demonstrate(self, name: str) -> None:
        desk, shell = self.desk, self.query_one(ShellPane)
        if desk.busy or not desk.ready or desk.session is None:
            self.notify("The step is not ready yet.", severity="warning")
        elif desk.watching:
            self.notify("You only look on here: nothing can be typed.", severity="warning")
        else:
            shell.to_front()
            desk.solve(name, shell)

    def show_demonstration(self) -> None:
        """How the typing of a solution goes, and at its end how it went."""
        shown, shell = self.desk.demonstration, self.query_one(ShellPane)
        typing = shown is not None and shown.running
        shell.border_subtitle = f"{shown.words}, Esc stops" if shown and typing else None
        if shown is None:
            return
        if shown.aside and typing and not shown.line:
            self.notify(
                f"`{shown.aside}` runs in your shell, so the solution is typed in another one.",
                timeout=8,
                markup=False,
            )
        if typing:
            return
        if shown.trouble:
            from lab_engine.tui.screens.dialogs import Choice

            self.app.push_screen(
                Choice(shown.trouble.message, shown.trouble.hint or "", {"close": "Close"})
            )
        elif shown.stopped:
            self.notify("What was typed stays. The shell is yours again.", title="Stopped")
        elif shown.verdicts and not all(verdict.passed for verdict in shown.verdicts):
            self.notify(
                "F4 says what is still open. Was part of the step done before? r resets it.",
                title="The solution is typed, but not all tasks are done",
                severity="warning",
                timeout=15,
            )
        else:
            self.notify("Its points count as given, not earned.", title="The solution is typed")

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

    async def action_course(self) -> None:
        """Back to the course; while a solution is typed, stop that first."""
        if self.desk.typing:
            self.desk.cancel()
        else:
            await cast("LearnApp", self.app).action_home()

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
