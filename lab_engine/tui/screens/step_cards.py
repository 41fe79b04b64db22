"""How a step's tasks and questions stand, on their cards, and the word when one is done."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from lab_engine.tui.desk import Desk
from lab_engine.tui.document.pane import TextPane
from lab_engine.tui.panes.tasks import TasksPane


class StepCards:
    """Shows what the desk knows of them; a part of the lesson's screen.

    Args:
        desk: whose page is shown.
        screen: has a TextPane and a TasksPane, and tells the learner.
    """

    def __init__(self, desk: Desk, screen: Screen[Any]) -> None:
        self.desk = desk
        self.screen = screen
        self._passed: set[str] = set()
        self._told_done = False

    @property
    def _text(self) -> TextPane:
        return self.screen.query_one(TextPane)

    def begin(self) -> None:
        """Another step is shown: nothing of it was told yet."""
        self._passed, self._told_done = set(), False

    async def verdicts(self, *, quiet: bool = False, follow: bool = False) -> None:
        """How the tasks stand now.

        What is done since the last time is told, unless `quiet`; with `follow` the text then moves
        on to the next task.
        """
        page, text = self.desk.page, self._text
        given = page.given
        passed = {name for name in text.tasks if page.passed(name)}
        for name, card in text.tasks.items():
            card.stand(page.verdicts.get(name), touched=page.touched(name), given=name in given)
        await self.screen.query_one(TasksPane).refresh_verdicts()
        news = passed - self._passed
        self._passed = passed
        if not quiet:
            self._tell(news, follow=follow)

    def _tell(self, news: set[str], *, follow: bool) -> None:
        desk, page, text = self.desk, self.desk.page, self._text
        for name in news:
            card = text.tasks[name]
            title = "✔ Given" if desk.typing else "✔ Right"
            self.screen.notify(f"Task {card.number} is done.", title=title, timeout=4)
        if page.done and not self._told_done:
            self._told_done = True
            words = "F8 goes on." if page.next_step else "That was the last step of this lesson."
            self.screen.notify(words, title="✔ All of this step is done", timeout=8)
        if news and follow:
            following = next((n for n in text.tasks if not page.passed(n)), None)
            if following:
                text.to_task(following)

    async def hints(self) -> None:
        """The hints that were taken."""
        for name, card in self._text.tasks.items():
            await card.show_hints(self.desk.page.hints.get(name, 0))

    def answers(self) -> None:
        """What was said to the last answers."""
        questions = self._text.questions
        for name, graded in self.desk.page.graded.items():
            if name in questions:
                questions[name].graded(graded)
