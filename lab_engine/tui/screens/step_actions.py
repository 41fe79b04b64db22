"""What a learner does with a step as a whole: go on, go back, solve, reset, repair, take over."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from lab_engine.tui.desk import Desk
from lab_engine.tui.document.pane import TextPane
from lab_engine.tui.messages import LessonWanted
from lab_engine.tui.panes.shell import ShellPane


class StepActions:
    """Asks the desk for work, with the questions before it; a part of the lesson's screen.

    Args:
        desk: where the work is done.
        screen: where the learner is asked and told; it has a TextPane and a ShellPane.
    """

    def __init__(self, desk: Desk, screen: Screen[Any]) -> None:
        self.desk = desk
        self.screen = screen

    async def next(self) -> None:
        desk = self.desk
        following = desk.page.next_step
        if following is None:
            await self.screen.run_action("app.lesson_end")
            return
        if desk.busy:
            self.screen.notify(self.wait(), severity="warning")
            return
        if not (desk.page.done or desk.page.stands) and not desk.looking_on:
            from lab_engine.tui.screens.dialogs import Choice

            def chosen(go: str | None) -> None:
                if go == "go":
                    self.go_to(following.name)

            self.screen.app.push_screen(
                Choice(
                    f"Still open here: {self._open()}.",
                    "You can come back to it later.",
                    {"stay": "Stay here", "go": "Go on all the same"},
                ),
                chosen,
            )
            return
        self.go_to(following.name)

    def _open(self) -> str:
        text, desk = self.screen.query_one(TextPane), self.desk
        tasks = [
            str(card.number) for name, card in text.tasks.items() if not desk.page.passed(name)
        ]
        asked = [str(c.number) for n, c in text.questions.items() if not desk.page.answers.get(n)]
        parts = [
            f"{word}{'s' if len(which) > 1 else ''} {', '.join(which)}"
            for word, which in (("task", tasks), ("question", asked))
            if which
        ]
        return " and ".join(parts)

    def back(self) -> None:
        earlier = self.desk.page.previous_step
        if earlier is None:
            self.screen.notify("This is the first step. Escape goes back to the course.")
        else:
            self.go_to(earlier.name)

    def go_to(self, name: str) -> None:
        if self.desk.session is None and not self.desk.busy:
            # What stands in the shell's place, such as the offer to build a pack, stays there.
            self.screen.notify("The lesson is not open yet: the shell's pane says what to do.")
            return
        self.desk.go(name)

    def ask(self) -> None:
        """The learner's word, before work of theirs goes with a change of step."""
        desk, asked = self.desk, self.desk.asked
        if asked is None:
            return
        from lab_engine.tui.screens.dialogs import Choice

        def chosen(go: str | None) -> None:
            if go == "go":
                desk.go(desk.going, agreed=True)
            else:
                desk.stay()

        self.screen.app.push_screen(
            Choice(
                f"To go there: {asked.message}.",
                asked.files,
                {"stay": "Stay here", "go": "Go there"},
            ),
            chosen,
        )

    def wait(self) -> str:
        """Why something cannot be done now, in words for the learner."""
        what = "the solution is typed" if self.desk.typing else "the step is ready"
        return f"Wait until {what}, or stop it with Ctrl+C."

    def solution(self) -> None:
        desk = self.desk
        lab_step = desk.page.step.lab_step if desk.page.step else None
        if lab_step is None or not lab_step.solutions:
            self.screen.notify("This step has nothing to solve.")
            return
        if desk.session is not None and desk.session.mode == "assessed":
            self.screen.notify("Solutions are not shown in an assessed session.")
            return
        if desk.typing:
            self.screen.notify(self.wait(), severity="warning")
            return
        from lab_engine.tui.screens.solution import SolutionScreen

        def chosen(name: str | None) -> None:
            if name:
                self._demonstrate(name)

        self.screen.app.push_screen(SolutionScreen(lab_step.solutions, desk.page.variables), chosen)

    def _demonstrate(self, name: str) -> None:
        desk, shell = self.desk, self.screen.query_one(ShellPane)
        if desk.busy or not desk.ready or desk.session is None:
            self.screen.notify("The step is not ready yet.", severity="warning")
        elif desk.looking_on:
            self.screen.notify("You only look on here: nothing can be typed.", severity="warning")
        else:
            shell.to_front()
            desk.solve(name, shell)

    def show_demonstration(self) -> None:
        """How the typing of a solution goes, and at its end how it went."""
        shown, shell = self.desk.demonstration, self.screen.query_one(ShellPane)
        typing = shown is not None and shown.running
        shell.border_subtitle = f"{shown.words}, Esc stops" if shown and typing else None
        if shown is None:
            return
        if shown.aside and typing and not shown.line:
            self.screen.notify(
                f"`{shown.aside}` runs in your shell, so the solution is typed in another one.",
                timeout=8,
                markup=False,
            )
        if typing:
            return
        if shown.trouble:
            from lab_engine.tui.screens.dialogs import Choice

            self.screen.app.push_screen(
                Choice(shown.trouble.message, shown.trouble.hint or "", {"close": "Close"})
            )
        elif shown.stopped:
            self.screen.notify("What was typed stays. The shell is yours again.", title="Stopped")
        elif shown.verdicts and not all(verdict.passed for verdict in shown.verdicts):
            self.screen.notify(
                f"{self.desk.keymap.said('task')} says what is still open. Was part of it done "
                f"before? {self.desk.keymap.said('reset')} resets the step.",
                title="The solution is typed, but not all tasks are done",
                severity="warning",
                timeout=15,
            )
        else:
            self.screen.notify(
                "Its points count as given, not earned.", title="The solution is typed"
            )

    def reset(self) -> None:
        if self.desk.session is None:
            self.screen.notify("There is nothing to reset yet.")
            return
        from lab_engine.tui.screens.dialogs import Choice

        def chosen(go: str | None) -> None:
            if go == "reset":
                self.desk.reset()

        self.screen.app.push_screen(
            Choice(
                "Bring the step back to its start?",
                "What you made in this step is undone. Points that you have stay.",
                {"stay": "Keep it", "reset": "Reset the step"},
            ),
            chosen,
        )

    def repair(self) -> None:
        self.desk.repair()

    def retry(self) -> None:
        self.desk.work.retry()

    async def course(self) -> None:
        """Back to the course; while a solution is typed, stop that first."""
        if self.desk.typing:
            self.desk.cancel()
        else:
            await self.screen.run_action("app.home")

    def cancel(self) -> None:
        if self.desk.busy:
            self.desk.cancel()

    def _resume(self, *, steal: bool = False, look_on: bool = False) -> None:
        lesson = self.desk.page.lesson
        if lesson is not None:
            self.screen.post_message(LessonWanted(lesson, steal=steal, look_on=look_on))

    def take_over(self) -> None:
        self._resume(steal=True)

    def look_on(self) -> None:
        self._resume(look_on=True)
