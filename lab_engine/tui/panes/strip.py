"""The strip under the shell: the open task, where the learner works."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.widgets import Static

from lab_engine.course.told import points, reasons
from lab_engine.course.verdict import Verdict
from lab_engine.session import points as scoring
from lab_engine.tui.desk import Desk
from lab_engine.tui.document.content import sign_of, summary

ROWS: Final = 5
"""A rule and four lines, whatever it says: the shell above it must not change its height.

Where one pane is shown at a time, they are as many as the step needs, and over the text even fewer.
"""
NEWS_SECONDS: Final = 6.0


class TaskStrip(Static):
    """What is to do, how it stands, what was found, and what the next hint costs."""

    DEFAULT_CSS = f"""
    TaskStrip {{ height: {ROWS}; width: 1fr; padding: 0 1; border-top: solid $foreground 30%;
        border-title-color: $foreground;
    }}
    TaskStrip.-done {{ border-top: solid $success; }}
    TaskStrip.-wrong {{ border-top: solid $error; }}
    TaskStrip.-blind {{ border-top: solid $warning; }}
    """

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.desk = desk
        self.at = ""
        """The task that the learner is at."""
        self._news = ""
        self._over_text = False

    def on_resize(self) -> None:
        self.show()

    def tell(self, news: str) -> None:
        """Say something for some seconds, in the last line."""
        self._news = news
        self.show()
        self.set_timer(NEWS_SECONDS, lambda: self._forget(news))

    def _forget(self, news: str) -> None:
        if self._news == news:
            self._news = ""
            self.show()

    def over(self, pane: str) -> None:
        """Which pane is in front, where one is shown at a time."""
        self._over_text = pane == "text"
        self.show()

    @property
    def _alone(self) -> bool:
        """Whether one pane is shown at a time."""
        return self.screen.has_class("-narrow") or self.screen.has_class("-zoomed")

    def _rows(self, width: int, lines: int) -> int:
        """What it takes of the screen. Over the shell that is the same all through a step."""
        page = self.desk.page
        if not self._alone:
            return ROWS
        if self._over_text:
            return 1 + lines
        tasks = page.document.tasks if page.document else ()
        longest = max((min(len(summary(b.body).wrap(width)), 2) for b in tasks), default=1)
        # A line for what was found, where there are tasks, and one for the others and for news.
        return 1 + longest + bool(tasks) + 1

    def show(self, task: str | None = None) -> None:
        """How the step stands now; `task` is another one that the learner is at."""
        if task is not None:
            self.at = task
        desk, page = self.desk, self.desk.page
        if page.document is None:
            self.update("")
            return
        width = max(self.content_size.width, 20)
        verdict = page.verdicts.get(self.at)
        wrong = bool(self.at) and page.touched(self.at)
        self.set_class(page.stands and desk.ready, "-done")
        self.set_class(page.blind and desk.ready, "-blind")
        self.set_class(wrong and not page.blind, "-wrong")
        self.border_title = self._head(verdict, wrong=wrong)
        lines = self._lines(width, verdict)
        rows = self._rows(width, len(lines))
        self.styles.height = rows
        said = [line.truncate(width, ellipsis=True) for line in lines[: rows - 1]]
        self.update(Content("\n").join(said), layout=False)

    def _head(self, verdict: Verdict | None, *, wrong: bool) -> Content:
        """The rule's words: how the task stands at the left, what it is worth at the right."""
        page = self.desk.page
        tasks = {task.id: task for task in page.step.tasks} if page.step else {}
        here = tasks.get(self.at)
        if page.stands or here is None:
            return Content("")
        sign, word, style = sign_of(verdict, touched=wrong, given=self.at in page.given)
        head = f" Task {here.number} of {len(tasks)} {sign} {word} "
        taken = page.hints.get(self.at, 0)
        worth = points(here.points)
        if taken < here.hints and not page.passed(self.at):
            price = scoring.shown(scoring.cost(here.points, taken))
            worth += f" · hint {taken + 1}/{here.hints} costs {price}"
        # The rule itself takes a cell at each end.
        rule = "─" * max(self.outer_size.width - len(head) - len(worth) - 6, 1)
        return Content.assemble((head, style), (rule, "dim"), f" {worth} ")

    def _lines(self, width: int, verdict: Verdict | None) -> list[Content]:
        desk, page = self.desk, self.desk.page
        lines: list[Content] = []
        if page.blind and desk.ready:
            key = desk.keymap.said("repair")
            words = f"! Something in the bench does not answer. {key} repairs it."
            lines.append(Content.styled(words, "bold $text-warning"))
        if page.stands and desk.ready:
            lines.append(Content.styled(self._finish(), "bold $text-success"))
        elif not self.at:
            key = desk.keymap.said("text")
            done = "All tasks are done. " if page.step and page.step.tasks else ""
            lines.append(Content(f"{done}The questions are in the text: {key}."))
        else:
            lines += [*self._words(width), *self._found(width, verdict)]
        last = Content(self._news) if self._news else self._others()
        return [*lines, last] if last else lines

    def _words(self, width: int) -> list[Content]:
        """The task's first paragraph, in two lines. Beside its text one will do."""
        most = 1 if self._alone and self._over_text else 2
        blocks = self.desk.page.document.tasks if self.desk.page.document else ()
        folded = next((summary(b.body).wrap(width) for b in blocks if b.id == self.at), [])
        if len(folded) > most:
            # All of it stands in the text.
            more = f" … {self.desk.keymap.said('task')}"
            line = folded[most - 1].truncate(width - len(more))
            # At a blank: half a word is no word.
            end = line.plain.rstrip().rfind(" ") if line.cell_length >= width - len(more) else -1
            folded[most - 1] = Content.assemble(line[:end] if end > 0 else line.rstrip(), more)
        return folded[:most]

    def _found(self, width: int, verdict: Verdict | None) -> list[Content]:
        if verdict is None or verdict.passed or not self.desk.page.touched(self.at):
            return []
        said = dict(reasons(verdict))
        found = f"Found: {said['observed']}" if "observed" in said else ""
        look = verdict.evidence.look if verdict.evidence else ""
        parts = [Content(found)]
        if look and "\n" not in look and len(found) + len(look) + 8 < width:
            parts += [Content("   See: "), Content.styled(look, "bold $text-accent")]
        return [Content.assemble(*parts)] if found else []

    def _others(self) -> Content:
        """The other tasks and the questions, each by its sign."""
        page = self.desk.page
        parts: list[Content] = []
        for task in page.step.tasks if page.step else ():
            if task.id == self.at and not page.stands:
                continue
            touched = page.touched(task.id)
            sign, _, style = sign_of(page.verdicts.get(task.id), touched=touched)
            parts.append(Content.styled(f"{sign} {task.number}", style))
        if page.document and page.document.questions:
            right = sum(bool(page.answers.get(q.question.id)) for q in page.document.questions)
            total = len(page.document.questions)
            parts.append(Content.styled(f"questions {right} of {total}", "$text-muted"))
        return Content("   ").join(parts)

    def _finish(self) -> str:
        page = self.desk.page
        following = page.next_step
        does = f"goes on to “{following.title}”" if following else "sums the lesson up"
        words = f"{self.desk.keymap.said('next')} {does}."
        has = bool(page.document and (page.document.tasks or page.document.questions))
        return ("✔ This step is done. " if has else "Nothing to do here but read. ") + words
