"""How a step's tasks and questions stand, on their cards, and the word when one is done."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from lab_engine.tui.desk import Desk
from lab_engine.tui.document.pane import TextPane
from lab_engine.tui.panes.strip import TaskStrip


class StepCards:
    """Shows what the desk knows of them; a part of the lesson's screen.

    Args:
        desk: whose page is shown.
        screen: has a TextPane and a TaskStrip.
    """

    def __init__(self, desk: Desk, screen: Screen[Any]) -> None:
        self.desk = desk
        self.screen = screen
        self._passed: set[str] = set()
        self._looked = False
        """Whether the step's tasks were looked at since it is shown."""

    @property
    def _text(self) -> TextPane:
        return self.screen.query_one(TextPane)

    def begin(self) -> None:
        """Another step is shown: nothing of it was told yet."""
        self._passed, self._looked = set(), False
        self.screen.query_one(TaskStrip).at = ""

    async def verdicts(self, *, quiet: bool = False, follow: bool = False) -> None:
        """How the tasks stand now.

        What is done since the last time is told, unless `quiet`; with `follow` the text then moves
        on to the next task.
        """
        page, text = self.desk.page, self._text
        given = page.given
        passed = {name for name in text.tasks if page.passed(name)}
        for name, card in text.tasks.items():
            await card.stand(
                page.verdicts.get(name), touched=page.touched(name), given=name in given
            )
        news = passed - self._passed
        self._passed = passed
        strip = self.screen.query_one(TaskStrip)
        if strip.at not in text.tasks or page.passed(strip.at):
            strip.at = next((n for n in text.tasks if not page.passed(n)), "")
        strip.show()
        known, self._looked = self._looked, self._looked or bool(page.verdicts)
        # What is done already when a step is taken up is no news.
        if known and not quiet:
            self._tell(news, follow=follow)

    def _tell(self, news: set[str], *, follow: bool) -> None:
        desk, page, text = self.desk, self.desk.page, self._text
        if news:
            numbers = sorted(text.tasks[name].number for name in news)
            which = (
                f"Task {numbers[0]} is"
                if len(numbers) == 1
                else (f"Tasks {', '.join(map(str, numbers))} are")
            )
            how = "given" if desk.typing else "done"
            # In the strip and not over the shell, whose lines may just be read.
            self.screen.query_one(TaskStrip).tell(f"✔ {which} {how}.")
        if news and follow and not page.stands:
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
