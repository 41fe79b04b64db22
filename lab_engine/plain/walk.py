"""The plain walk through a lesson: one line in, some lines out.

No alternate screen, no cursor movement, no colour: for screen readers, small terminals, pipes and
logs. What changes is said in a sentence. The engine is the same as behind the TUI.
"""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from lab_engine.course.lesson import Step
from lab_engine.course.text.model import Document, QuestionBlock, TaskBlock
from lab_engine.course.text.plain import ended, render_blocks, render_plain
from lab_engine.plain.foreground import foreground, one_command
from lab_engine.plain.learning import LearningSession
from lab_engine.plain.spoken import HELP, finish, hint_cost, situation
from lab_engine.plain.talk import Talk
from lab_engine.plain.tasks import Tasks
from lab_engine.session import whereabouts
from lab_engine.session.drift import drift

KEPT = "What it did by then stays, and counts as given; `reset` begins the step anew."


class Walk:
    """One learner's way through one lesson.

    Args:
        session: an open session; closing it is left to the caller.
        read: the next line, None at the end of input.
        say: prints a line.
        prompt: shows that a line is waited for.
        on_notice: shows how provisioning is going.
        tty: whether a person types here; a shell needs it.
        width: columns of a line.
    """

    def __init__(
        self,
        session: LearningSession,
        *,
        read: Callable[[], Awaitable[str | None]],
        say: Callable[[str], None],
        on_notice: Callable[[Any], None],
        tty: bool,
        prompt: Callable[[], None] = lambda: None,
        width: int = 80,
    ) -> None:
        self.talk = Talk(read=read, say=say, prompt=prompt, width=width)
        self.say, self.print, self.width = self.talk.say, say, width
        self.session = session
        self.on_notice = on_notice
        self.tty = tty
        self.steps = session.lesson.steps
        self.step: Step = self.steps[0]
        self.document: Document = self.step.document(session.variables)
        self._asked = ""
        """The step that waits for the learner's word."""
        self._tasks = Tasks(session, self.talk)

    async def run(self, first: str | None = None) -> None:
        """Walk until the learner leaves or the input ends. `first` is the step to begin with."""
        at = self.session.step_name
        # Not on the loop: it waits for the disk.
        left = await asyncio.to_thread(
            whereabouts.left_at, self.session.record, self.session.id, at, self.session.lesson
        )
        begin = first or left or self.steps[0].name
        if begin == self.steps[0].name and not self.session.step_name:
            introduction = self.session.lesson.introduction(self.session.variables)
            self.print(render_plain(introduction, self.width))
            self.print("")
        try:
            again = begin == self.session.step_name
            await self.talk.run(self.go(begin, again=again), self.obey)
        finally:
            await self._tasks.rest()

    async def obey(self, line: str) -> None:
        """One command line."""
        word, _, rest = line.partition(" ")
        commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "check": self.check,
            "tasks": self.tasks,
            "text": self.text,
            "hint": self.hint,
            "run": self.command,
            "shell": self.shell,
            "answer": self.answer,
            "next": self.next,
            "back": self.back,
            "go": self.to,
            "agree": self.agree,
            "steps": self.list_steps,
            "status": self.status,
            "reset": self.reset,
            "solution": self.solution,
            "repair": self.repair,
            "quit": self.quit,
            "help": self.help,
        }
        chosen = commands.get(word.casefold())
        if word.casefold() != "agree":
            self._asked = ""
        if chosen is None:
            self.say(f"There is no command “{word}”. `help` lists them.")
            self.say(f"To run it in the bench, type: run {line}")
            return
        await chosen(rest.strip())

    # -- steps -----------------------------------------------------------------------------------

    async def go(self, name: str, *, again: bool = False) -> None:
        """Begin a step, or ask first when that takes away work of the learner's.

        With `again` the bench is in it already and is left as it is.
        """
        step = self.session.lesson.step(name)
        asked = None
        if step.lab_step is not None and not again:
            asked = await self.session.at_stake(step.name)
        if asked:
            self._asked = step.name
            self.say(f"To go there: {asked.message}. {asked.files}")
            self.say("`agree` goes there; anything else stays here.")
            return
        await self._go(step.name, again=again)

    async def agree(self, _: str) -> None:
        """The learner's word for what was asked last."""
        name, self._asked = self._asked, ""
        if not name:
            self.say("Nothing was asked.")
            return
        await self._go(name)

    async def _go(self, name: str, *, again: bool = False) -> None:
        step = self.session.lesson.step(name)
        self.document = step.document(self.session.variables)
        await self._tasks.of(self.document.tasks)
        self.step = step
        head = ended(f"Step {step.number} of {len(self.steps)}: {step.title}")
        self.say(f"{head} ({step.minutes} minutes)")
        if step.lab_step is not None and not again:
            self.say("Making the step ready.")
            given_steps = await self.session.enter(step.name, agreed=True, on_notice=self.on_notice)
            if self.session.put_away:
                self.say(f"Your files of the step before are in {self.session.put_away}.")
            for given in given_steps:
                self.say(f"Step {given} was done for you by its solution. It counts as given.")
        self.print("")
        await self.text("")
        self.print("")
        if step.lab_step is not None:
            await self._tasks.begin()
        self.say("Ready. Type a command; `help` lists them.")

    async def next(self, rest: str) -> None:
        if self._tasks.open and rest != "anyway":
            await self.check("")
        if self._tasks.open and rest != "anyway":
            self.say("Not all tasks are done. `next anyway` goes on all the same.")
            return
        if self.step.number == len(self.steps):
            self.say(finish(self.session.lesson, self.session.record.tasks(self.session.id)))
            self.talk.over = True
            return
        await self.go(self.steps[self.step.number].name)

    async def back(self, _: str) -> None:
        if self.step.number == 1:
            self.say("This is the first step.")
            return
        await self.go(self.steps[self.step.number - 2].name)

    async def to(self, rest: str) -> None:
        await self.go(rest)

    async def list_steps(self, _: str) -> None:
        for step in self.steps:
            here = ", you are here" if step == self.step else ""
            self.say(f"{step.number}. {step.name}: {step.title}{here}")

    async def text(self, _: str) -> None:
        self.print(render_plain(self.document, self.width))

    async def tasks(self, _: str) -> None:
        blocks = tuple(b for b in self.document.blocks if isinstance(b, TaskBlock | QuestionBlock))
        self.print(render_blocks(blocks, self.width) if blocks else "This step has no tasks.")

    async def status(self, _: str) -> None:
        record = self.session.record
        for line in situation(
            self.session.lesson,
            self.step,
            self.document,
            self._tasks.seen,
            record.answered(self.session.id, self.step.name),
            record.tasks(self.session.id),
        ):
            self.say(line)

    async def reset(self, _: str) -> None:
        if self.step.lab_step is None:
            self.say("This step has nothing to reset.")
            return
        # That tasks fail while their work is undone is no news.
        await self._tasks.rest()
        await self.session.reset(on_notice=self.on_notice)
        self._tasks.go_on()
        self.say("The step is as it was at its start.")
        await self._tasks.changes()

    async def repair(self, _: str) -> None:
        await self._tasks.rest()
        await self.session.repair(on_notice=self.on_notice)
        if self.step.lab_step is not None:
            self._tasks.go_on()
        for sentence in self.session.news:
            self.say(sentence)
        self.say(await drift(self.session))

    async def quit(self, _: str) -> None:
        self.talk.over = True

    async def help(self, _: str) -> None:
        self.print(HELP)

    # -- tasks and questions ---------------------------------------------------------------------

    async def check(self, _: str) -> None:
        """Every task's verdict."""
        await self._tasks.check()

    async def hint(self, rest: str) -> None:
        """Without a task what the next hints cost; with one, its next hint."""
        record, step = self.session.record, self.step.name
        tasks = self.document.tasks
        if not tasks:
            self.say("This step has no tasks.")
            return
        if not rest:
            for known in self.step.tasks:
                taken = record.hints(self.session.id, step, known.id)
                self.say(hint_cost(known, taken, self.session.mode))
            return
        task = next((t for n, t in enumerate(tasks, 1) if rest in (str(n), t.id)), None)
        if task is None:
            self.say(f"Say which task: `hint N`, with N from 1 to {len(tasks)}.")
            return
        taken = record.hints(self.session.id, step, task.id)
        number = min(taken + 1, len(task.hints))
        if taken == len(task.hints):
            self.say("There are no more hints for this task. This was the last one:")
        else:
            await self.session.take_hint(task.id, number)
        self.say(f"Hint {number} of {len(task.hints)} for task {self._tasks.number(task.id)}:")
        self.print(render_blocks(task.hints[number - 1], self.width))

    async def answer(self, rest: str) -> None:
        questions = self.document.questions
        word, _, given = rest.partition(" ")
        if len(questions) == 1 and not given:
            word, given = "1", rest
        block = next(
            (q for n, q in enumerate(questions, 1) if word in (str(n), q.question.id)), None
        )
        if block is None:
            self.say("Say which question: `answer Q A`." if questions else "No question here.")
            return
        question = block.question
        found = await self.session.found(question.answer_from) if question.answer_from else ()
        graded = question.grade(given, found)
        # Writing waits for the disk and for other processes.
        await asyncio.to_thread(
            lambda: self.session.record.answer(
                self.session.id, self.step.name, question.id, given, correct=graded.correct
            )
        )
        verdict = "Right." if graded.correct else "Not right."
        if graded.correct and graded.explanation.startswith(("Right", "Yes")):
            verdict = ""
        self.say(f"{verdict} {graded.explanation}".strip())

    async def solution(self, rest: str) -> None:
        lab_step = self.step.lab_step
        if lab_step is None:
            self.say("This step has nothing to solve.")
            return
        if self.session.mode == "assessed":
            self.say("Solutions are not shown in an assessed session.")
            return
        if rest and not (rest.isdecimal() and 0 < int(rest) <= len(lab_step.solutions)):
            self.say(f"Say a number from 1 to {len(lab_step.solutions)}.")
            return
        if not rest:
            for number, one in enumerate(lab_step.solutions, 1):
                self.say(f"Solution {number}, {one.name}:")
                for command in one.script(self.session.variables):
                    self.print(textwrap.indent(command, "    "))
            self.say("`solution N` does the step so. Its points then count as given, not earned.")
            return
        chosen = lab_step.solutions[int(rest) - 1]
        self.talk.stopped = KEPT
        self.say(f"Solution {rest}, {chosen.name}. Each command, and what it prints:")
        await self.session.solving.solve(chosen.name, say=self.print)
        await self._tasks.changes()
        self.say("What it did counts as given, not earned.")

    # -- working in the bench --------------------------------------------------------------------

    async def command(self, rest: str) -> None:
        if not rest:
            self.say("Say what to run, such as: run docker ps")
            return
        shell = self.session.shell_argv("bench", tty=self.tty)
        code = await self._foreground([*shell, *one_command(rest, tty=self.tty)])
        if code:
            self.say(f"It ended with exit code {code}.")
        await self._tasks.changes()

    async def shell(self, rest: str) -> None:
        if not self.tty:
            self.say("A shell needs a terminal. Use `run COMMAND` here.")
            return
        self.say("You are in the bench. `exit` comes back here.")
        await self._foreground(self.session.shell_argv(rest or "bench"))
        self.say("Back in the lesson.")
        await self._tasks.changes()

    async def _foreground(self, argv: Sequence[str]) -> int:
        # Without a terminal the program has no keys: then Ctrl-C is for the talk.
        self.talk.away = self.tty
        try:
            return await foreground(argv, tty=self.tty)
        finally:
            self.talk.away = False
