"""The plain walk with a stand-in for the session: what is said, and what is asked of the engine."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lab_engine.bench.connection import OnNotice
from lab_engine.common.evidence import Evidence
from lab_engine.common.plan import Action, Plan
from lab_engine.course.lesson import Lesson, load_course
from lab_engine.course.seed import Seed
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import AgentLost, UsageError, WouldTake
from lab_engine.plain.lines import Lines
from lab_engine.plain.walk import Walk
from lab_engine.protocol import RESYNC, EventNotice
from lab_engine.session.drift import RUNNING
from lab_engine.session.record import Record
from tests.kit import Kit

QUESTION = """
::: question driver kind=choice
Which driver is it?
- [x] bridge | It is a switch.
- [ ] overlay | That one spans hosts.
:::
"""
SECOND = '+++\ntitle = "Two"\nsyllabus = []\nminutes = 1\n+++\nOnly text.\n'


class Standing:
    """A session whose task is done once `done` is set."""

    def __init__(self, lesson: Lesson, record: Record) -> None:
        self.id = "s1"
        self.mode = "practice"
        self.lesson = lesson
        self.variables = lesson.variables(Seed("a"))
        self.step_name = ""
        self.record = record
        self.news: tuple[str, ...] = ()
        self.put_away = ""
        self.stake: WouldTake | None = None
        self.asked: list[str] = []
        self.done = False
        self.gone: tuple[str, ...] = ()
        self.broken: Exception | None = None
        self.on_event: OnNotice = lambda _: None
        record.begin(self.id, lesson.slug, "a")

    async def at_stake(self, name: str) -> WouldTake | None:
        return self.stake

    async def enter(
        self, name: str, *, agreed: bool = False, on_notice: Callable[[Any], None] = lambda _: None
    ) -> Sequence[str]:
        self.asked.append(f"enter {name}")
        if self.broken:
            raise self.broken
        self.step_name = name
        return ["zero"]

    async def check(self) -> tuple[list[Verdict], Any]:
        self.asked.append("check")
        found, inquiries = await self.verdicts()
        await self.keep(found)
        return found, inquiries

    async def verdicts(self) -> tuple[list[Verdict], Any]:
        if self.broken:
            raise self.broken
        found = Verdict("create", Outcome.PASS, 2)
        if not self.done:
            evidence = Evidence("absent", "a network", "none", "docker network ls")
            found = Verdict("create", Outcome.FAIL, 2, evidence, explanation="It was left out.")
        return [found], {}

    async def keep(self, verdicts: list[Verdict]) -> None:
        self.record.verdicts(self.id, self.step_name, verdicts)

    async def listen(self, topics: tuple[str, ...]) -> None:
        self.asked.append("listen")

    async def reconnect(self) -> None:
        if self.broken:
            raise self.broken

    def happen(self) -> None:
        """Have the agent tell that something is other than it was."""
        self.on_event(EventNotice(RESYNC))

    async def reset(self, *, on_notice: Callable[[Any], None] = lambda _: None) -> Any:
        self.done = False

    async def repair(
        self,
        *,
        on_notice: Callable[[Any], None] = lambda _: None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.asked.append("repair")

    async def plan(self, name: str | None = None) -> Plan:
        return Plan(tuple(Action(key, "create", "it is gone") for key in self.gone))

    @property
    def solving(self) -> Standing:
        return self

    async def solve(
        self, name: str | None = None, *, say: Callable[[str], None] | None = None
    ) -> None:
        self.asked.append(f"solve {name}")
        assert say is not None
        say("$ docker network create it")
        self.done = True

    async def take_hint(self, task: str, number: int) -> None:
        self.record.hint(self.id, self.step_name, task, number)

    async def found(self, name: str) -> Sequence[str]:
        return [name]

    def shell_argv(self, target: str = "bench", *, tty: bool = True) -> list[str]:
        if target == "nowhere":
            raise UsageError("there is no shell called 'nowhere'", hint="Say bench.")
        return ["sh"]


@pytest.fixture
def session(kit: Kit, tmp_path: Path) -> Iterator[Standing]:
    path = "content/07.6-bridges/10-one.md"
    kit.write(path, (kit.root / path).read_text() + QUESTION)
    kit.write("content/07.6-bridges/20-two.md", SECOND)
    record = Record(tmp_path / "progress.sqlite")
    yield Standing(load_course(kit.content, labs=kit.package).lesson("bridges"), record)
    record.close()


async def walk(
    session: Standing, *lines: str, tty: bool = False, first: str | None = None
) -> list[str]:
    said: list[str] = []
    waiting = iter(lines)

    async def read() -> str | None:
        said.append("--")
        return next(waiting, None)

    await Walk(
        session, read=read, say=said.append, on_notice=lambda _: None, tty=tty, width=70
    ).run(first)
    return said


def after(said: list[str], number: int) -> str:
    """What was said after the line of that number."""
    marks = [n for n, line in enumerate(said) if line == "--"]
    return "\n".join(said[marks[number] + 1 : marks[number + 1]])


async def test_begins_with_the_text_and_the_given_steps(session: Standing) -> None:
    lines = await walk(session)
    said = "\n".join(lines)
    assert lines[0].startswith("About my_bridge_")
    assert "Step 1 of 2: One. (5 minutes)" in said
    assert "Step zero was done for you" in said
    assert "Task 1: Make `my_bridge_" in said
    assert "Question 1: Which driver is it?" in said
    assert "It is a switch" not in said


async def test_check_says_why_not(session: Standing) -> None:
    said = after(await walk(session, "check"), 0)
    assert said.split("\n") == [
        "Task 1 is not done yet.",
        "Expected: a network",
        "Found: none",
        "To see it: docker network ls",
        "Perhaps: It was left out.",
    ]


async def test_only_changes_are_said_after_work(session: Standing) -> None:
    said: list[str] = await walk(session, "run true", "run false", "reset", "status")
    assert after(said, 0) == ""
    assert after(said, 1) == "It ended with exit code 1."
    session.done = True
    said = await walk(session, "run true", "reset", "run true", first="one")
    assert after(said, 0) == ""
    assert "Task 1 is no longer done. `check` says why." in after(said, 1)
    assert after(said, 2) == ""


async def test_a_task_that_turns_green_is_told_once(session: Standing) -> None:
    said = await walk(session, "solution 1", "check", "status")
    assert "Each command, and what it prints:\n$ docker network create it\n" in after(said, 0)
    assert "What it did counts as given" in after(said, 0)
    assert "Task 1 is now done: 2 points.\nAll tasks of this step are done." in after(said, 0)
    assert after(said, 1) == "Task 1 is done: 2 points."
    assert "Task 1: done" in after(said, 2)
    assert session.asked.count("solve plain") == 1


async def test_solutions_are_shown_before_one_is_done(session: Standing) -> None:
    said = after(await walk(session, "solution", "solution 2"), 0)
    assert "Solution 1, plain:\n    docker network create my_bridge_" in said
    assert "`solution N` does the step so." in said
    assert not any(asked.startswith("solve") for asked in session.asked)


async def listened(session: Standing, meanwhile: Callable[[], None]) -> list[str]:
    """What is said while a line is waited for, after the first prompt."""
    said: list[str] = []

    async def read() -> str | None:
        await asyncio.sleep(0.05)
        meanwhile()
        session.happen()
        await asyncio.sleep(0.3)
        return None

    shown = Walk(
        session,
        read=read,
        say=said.append,
        on_notice=lambda _: None,
        tty=False,
        prompt=lambda: said.append(">"),
        width=70,
    )
    await shown.run("one")
    return said[said.index(">") :]


async def test_a_change_is_told_between_two_prompts_and_nothing_else_is(session: Standing) -> None:
    assert await listened(session, lambda: None) == [">"]

    def work() -> None:
        session.done = True

    assert await listened(session, work) == [
        ">",
        "",
        "Task 1 is now done: 2 points.",
        "All tasks of this step are done. `next` goes on.",
        ">",
    ]


async def test_a_change_while_a_command_runs_is_told_when_it_has_ended(session: Standing) -> None:
    argv = session.shell_argv

    def begun(target: str = "bench", *, tty: bool = True) -> list[str]:
        session.done = True
        asyncio.get_running_loop().call_later(0.1, session.happen)
        return argv(target, tty=tty)

    session.shell_argv = begun  # type: ignore[method-assign]
    said = await walk(session, "run sleep 0.5; exit 3", "check")
    assert after(said, 0).split("\n")[0] == "It ended with exit code 3."
    assert after(said, 0).count("Task 1 is now done") == 1
    assert after(said, 1) == "Task 1 is done: 2 points."


async def test_checks_that_cannot_look_any_more_say_so(session: Standing) -> None:
    def lose() -> None:
        session.broken = AgentLost("the connection ended", hint="Try again.")

    said = " ".join(await listened(session, lose))
    assert "The checks cannot look any more: the connection ended." in said
    assert "`repair` starts again" in said


async def test_hints_come_one_after_another_and_cost(session: Standing) -> None:
    said = await walk(
        session, "hint", "hint 1", "hint create", "hint", "hint 1", "hint 1", "hint 9", "status"
    )
    assert after(said, 0) == ("Task 1: hint 1 of 3 costs 0.4 of 2 points. `hint 1` shows it.")
    assert after(said, 1) == "Hint 1 of 3 for task 1:\na"
    assert after(said, 2) == "Hint 2 of 3 for task 1:\nb"
    assert "hint 3 of 3 costs 0.4" in after(said, 3)
    assert after(said, 4) == "Hint 3 of 3 for task 1:\nc"
    assert "no more hints" in after(said, 5)
    assert "from 1 to 1" in after(said, 6)
    assert session.record.hints("s1", "one", "create") == 3
    assert "with 3 of 3 hints" in after(said, 7)
    said = await walk(session, "hint", first="one")
    assert after(said, 0) == "Task 1: there is no further hint."


async def test_points_are_less_after_a_hint(session: Standing) -> None:
    session.done = True
    said = await walk(session, "hint 1", "check", "next", "next")
    assert "Points: 1.6 earned of 2." in said[-1]


async def test_answers_are_explained_and_kept(session: Standing) -> None:
    said = await walk(session, "answer 1 2", "answer driver bridge", "answer 1", "answer 4 x")
    assert after(said, 0) == "Not right. That one spans hosts."
    assert after(said, 1) == "Right. It is a switch."
    assert after(said, 2) == "Right. It is a switch."
    assert "Say which question" in after(said, 3)
    assert session.record.answered("s1", "one") == {"driver": True}


async def test_next_holds_until_done_and_the_end_is_said(session: Standing) -> None:
    said = await walk(session, "next", "next anyway", "next", "never read")
    assert "Not all tasks are done" in after(said, 0)
    assert "Step 2 of 2: Two." in after(said, 1)
    assert said[-1] == "That was the last step of Bridges. Points: 0 earned of 2."
    assert session.asked.count("enter one") == 1


async def test_going_about(session: Standing) -> None:
    said = await walk(session, "back", "go two", "steps", "check", "back", "go three", "tasks")
    assert "first step" in after(said, 0)
    assert "Only text." in after(said, 1)
    assert after(said, 2) == "1. one: One\n2. two: Two, you are here"
    assert "nothing to check" in after(said, 3)
    assert "Step 1 of 2" in after(said, 4)
    assert "no step 'three'" in after(said, 5)
    assert "Task 1: Make" in after(said, 6)


async def test_a_session_taken_up_again_is_left_as_it_is(session: Standing) -> None:
    session.step_name = "one"
    await walk(session)
    assert session.asked == ["check"]


async def test_a_step_of_questions_that_was_worked_on_last(session: Standing) -> None:
    """Nothing is made for it, so the bench is still in the step before."""
    session.record.enter(session.id, "one", {})
    session.record.moment(session.id, "enter", "one")
    session.step_name = "one"
    session.record.answer(session.id, "two", "q", "a", correct=True)
    said = "\n".join(await walk(session))
    assert "Step 2 of 2: Two." in said
    assert session.asked == []
    session.record.verdicts(session.id, "one", [Verdict("create", Outcome.FAIL, 2)])
    assert "Step 1 of 2: One." in "\n".join(await walk(session))
    session.record.answer(session.id, "two", "q", "a", correct=True)
    assert "Step 1 of 2: One." in "\n".join(await walk(session, first="one"))


async def test_an_answer_in_a_step_that_is_gone(session: Standing) -> None:
    session.step_name = "one"
    session.record.answer(session.id, "gone", "q", "a", correct=True)
    assert "Step 1 of 2: One." in "\n".join(await walk(session))


async def test_errors_are_said_and_the_walk_goes_on(session: Standing) -> None:
    session.broken = AgentLost("the connection ended", hint="Try again.")
    said = await walk(session, "repair", "shell nowhere", "dance", "help", tty=True)
    assert "That did not work: the connection ended" in said
    assert "`repair` starts again what was stopped." in said
    assert session.asked[1] == "repair"
    assert "no shell called" in after(said, 1)
    assert "no command “dance”" in after(said, 2)
    assert "answer Q A" in after(said, 3)


async def test_a_repair_says_what_is_not_as_the_step_began(session: Standing) -> None:
    assert RUNNING in await walk(session, "repair")
    session.gone = ("service/odd-one",)
    said = " ".join(" ".join(await walk(session, "repair")).split())
    assert RUNNING not in said
    assert "Not as the step began: service/odd-one (it is gone)." in said
    assert "a reset begins" in said


async def test_no_shell_without_a_terminal(session: Standing) -> None:
    assert "needs a terminal" in after(await walk(session, "shell"), 0)


async def test_assessed_mode_hides_solutions(session: Standing) -> None:
    session.mode = "assessed"
    assert "not shown" in after(await walk(session, "solution"), 0)


async def test_ctrl_c_ends_the_command_and_not_the_walk(session: Standing) -> None:
    async def enter(
        name: str, *, agreed: bool = False, on_notice: Callable[[Any], None] = print
    ) -> Sequence[str]:
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGINT)
        await asyncio.sleep(30)
        return []

    session.enter = enter  # type: ignore[method-assign]
    said = await walk(session, "help")
    assert any(line.startswith("Interrupted.") for line in said)
    assert "check" in after(said, 0)


class TestLines:
    async def test_pipe(self) -> None:
        end, start = os.pipe()
        lines = Lines(end)
        os.write(start, b"one\r\ntwo\nlast")
        assert await lines.next() == "one"
        assert await lines.next() == "two"
        waiting = asyncio.create_task(lines.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        os.close(start)
        assert await waiting == "last"
        assert await lines.next() is None
        os.close(end)

    async def test_file(self, tmp_path: Path) -> None:
        (tmp_path / "in").write_bytes(b"a\n\nb\n")
        with (tmp_path / "in").open("rb") as file:
            lines = Lines(file.fileno())
            assert [await lines.next() for _ in range(4)] == ["a", "", "b", None]

    async def test_a_wait_can_be_cancelled(self) -> None:
        end, start = os.pipe()
        waiting = asyncio.create_task(Lines(end).next())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not asyncio.get_running_loop().remove_reader(end)
        os.close(end)
        os.close(start)


async def test_a_change_of_step_says_what_goes_and_waits_for_the_word(session: Standing) -> None:
    session.step_name = "two"
    session.stake = WouldTake(("container/mine",), (), "Your files stay.")
    session.put_away = "/home/learner/work-two"
    said = await walk(session, "go one", "steps", "agree", "go one", "agree", first="two")
    assert "container/mine" in after(said, 0)
    assert "Your files stay." in after(said, 0).replace("\n", " ")
    assert "2. two: Two, you are here" in after(said, 1)
    assert "Nothing was asked." in after(said, 2)
    assert session.asked.count("enter one") == 1
    assert "/home/learner/work-two" in after(said, 4)
