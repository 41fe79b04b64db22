"""The course: its tree, search, what to take up, and the other screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input, Static

from lab_engine.bench import features
from lab_engine.bench.features import Kernel
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.doctor.machine import Finding, State
from lab_engine.session.record import Record
from lab_engine.settings import Settings
from lab_engine.tui import looks
from lab_engine.tui.looks import Looks
from lab_engine.tui.screens.dialogs import Choice
from lab_engine.tui.screens.doctor import DoctorScreen
from lab_engine.tui.screens.help import HelpScreen
from lab_engine.tui.screens.home import HomeScreen
from lab_engine.tui.screens.lesson import LessonScreen
from tests.kit import LAB, Kit
from tests.tui.conftest import NEEDS_VLANS, SECOND, Running
from tests.tui.standin import World

Start = Callable[..., Any]


async def test_the_course_and_what_is_next(start: Start) -> None:
    async with start() as running:
        text = running.screen_text()
        assert "A course" in text
        assert "0 of 1 lessons done" in text
        assert "Next: 07.6 Bridges" in text
        assert "07 Seven" in text
        assert "○ 1. One" in text
        assert "2 steps, 0 done, about 7 min left" in text


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (Kernel("6.1", ready=frozenset({"8021q"})), "is not here, but in the virtual machine"),
        (Kernel("6.1", named=frozenset({"8021q"})), "which is here"),
    ],
)
async def test_what_a_step_needs_of_the_kernel_is_said_before_it_is_opened(
    start: Start, kit: Kit, monkeypatch: pytest.MonkeyPatch, kernel: Kernel, words: str
) -> None:
    kit.change("content/07.6-bridges/10-one.md", "minutes = 5", NEEDS_VLANS)
    monkeypatch.setattr(features, "look", lambda: kernel)
    async with start() as running:
        detail = running.app.screen.query_one("#detail Static", Static)
        await running.until(lambda: words in str(detail.content), "the word about it")
        assert "needs a kernel with VLANs (802.1Q)" in str(detail.content)


async def test_nobody_asks_the_kernel_for_a_course_that_needs_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(features, "look", lambda: asked.append("look"))
    async with start() as running:
        assert "needs a kernel" not in running.screen_text()
        await running.app.workers.wait_for_complete()
    assert asked == []


@pytest.fixture
def damaged(settings: Settings) -> Path:
    """A record that another process left damaged, with a good copy; its path."""
    path = settings.data_dir / "progress.sqlite"
    record = Record(path)
    record.begin("old", "bridges", "seed")
    record.close()
    path.write_bytes(bytes(path.stat().st_size))
    return path


async def test_a_record_that_was_damaged_is_said(damaged: Path, start: Start) -> None:
    async with start() as running:
        await running.until(lambda: "was damaged" in running.screen_text(), "the word about it")
    assert list(damaged.parent.glob("*.damaged-*"))


async def test_enter_begins_the_lesson(start: Start, world: World) -> None:
    async with start() as running:
        await running.press("enter")
        await running.until(lambda: isinstance(running.app.screen, LessonScreen), "the lesson")
        await running.ready()
        assert world.log[:2] == ["begin", "enter one"]


async def test_it_offers_to_go_on(start: Start, record: Record) -> None:
    record.begin("old", "bridges", "seed")
    record.enter("old", "one", {})
    record.verdicts("old", "one", [Verdict("create", Outcome.PASS, 2)])
    record.answer("old", "one", "driver", "bridge", correct=True)
    async with start() as running:
        text = running.screen_text()
        assert "c goes on: Bridges, step 1 “One”" in text
        assert "✔ 1. One" in text
        assert "you are here" in text
        await running.press("c")
        await running.ready()
        assert running.desk.session.id == "old"


async def test_begin_anew_asks(start: Start, record: Record, world: World) -> None:
    record.begin("old", "bridges", "seed")
    async with start() as running:
        await running.press("n")
        assert "Begin “Bridges” anew?" in running.screen_text()
        await running.press("escape")
        assert isinstance(running.app.screen, HomeScreen)
        assert world.log == []


async def test_search_narrows_the_tree(start: Start) -> None:
    async with start() as running:
        await running.press("slash", *"only text")
        await running.until(
            lambda: "without a lesson yet" not in running.screen_text(), "fewer chapters"
        )
        assert "2. Only text" in running.screen_text()
        await running.press(*"zzz")
        nothing = "Nothing in the course has these words"
        await running.until(lambda: nothing in running.screen_text(), "nothing")
        await running.press("escape")
        assert running.app.screen.query_one(Input).value == ""
        await running.until(
            lambda: "without a lesson yet" in running.screen_text(), "the whole course"
        )


def tree(running: Running) -> str:
    """The course's tree, without what is told of an entry beside it."""
    return "\n".join(line.partition("│")[0] for line in running.screen_text().split("\n"))


async def test_search_finds_words_in_the_texts(start: Start) -> None:
    """Of the text that is read, and nothing of hints and answers."""
    async with start() as running:
        await running.press("slash", *"network ls")
        await running.until(lambda: "1. One" in tree(running), "the step")
        assert "2. Only text" not in tree(running)
        for hidden in ("spans", "hint"):
            running.app.screen.query_one(Input).value = ""
            await running.press("slash", *hidden)
            await running.until(lambda: "has these words" in running.screen_text(), hidden)


async def test_the_arrows_open_and_close(start: Start) -> None:
    async with start() as running:
        assert "1. One" not in tree(running)
        await running.press("right")
        await running.until(lambda: "○ 1. One" in tree(running), "the steps")
        await running.press("right")
        await running.until(lambda: "opens the lesson at this step" in running.screen_text(), "it")
        await running.press("left", "left")
        await running.until(lambda: "○ 1. One" not in tree(running), "the lesson closed")
        await running.press("down", "right")
        await running.until(lambda: "06 Six" in running.screen_text(), "a chapter without lessons")


async def test_enter_goes_to_what_was_searched_for_without_waiting(start: Start) -> None:
    async with start() as running:
        await running.press("slash", *"only text", "enter")
        assert "without a lesson yet" not in running.screen_text()
        assert running.app.screen.course.has_focus

        def there() -> bool:
            node = running.app.screen.course.cursor_node
            return getattr(node and node.data, "slug", "") == "bridges"

        await running.until(there, "the cursor at the lesson")


async def test_what_is_called_so_comes_before_what_speaks_of_it(start: Start, kit: Kit) -> None:
    front = 'slug = "walls"\ntitle = "Walls"\nchapter = "06"\nsyllabus = ["06.1"]\nminutes = 3'
    kit.write("content/06.1-walls/lesson.md", f"+++\n{front}\n+++\nAbout walls.\n")
    kit.write("content/06.1-walls/10-read.md", SECOND.replace("Read this.", "Bridges in walls."))
    kit.write(
        f"{kit.package}/walls/__init__.py", LAB.partition("step = ")[0].replace("bridges", "walls")
    )
    async with start() as running:
        await running.press("slash", *"bridges", "enter")

        def there() -> bool:
            node = running.app.screen.course.cursor_node
            return getattr(node and node.data, "slug", "") == "bridges"

        await running.until(there, "the lesson called so, below another one that has the word")
        assert "Walls" in tree(running)


async def test_what_is_told_is_of_the_entry_at_the_cursor(start: Start, kit: Kit) -> None:
    """Also when the search has put another lesson on the line that the cursor was on."""
    front = 'slug = "walls"\ntitle = "Walls"\nchapter = "06"\nsyllabus = ["06.1"]\nminutes = 3'
    kit.write("content/06.1-walls/lesson.md", f"+++\n{front}\n+++\nAbout walls.\n")
    kit.write("content/06.1-walls/10-read.md", SECOND.replace("Only text", "Bricks"))
    kit.write(
        f"{kit.package}/walls/__init__.py", LAB.partition("step = ")[0].replace("bridges", "walls")
    )

    def told() -> str:
        return str(running.app.screen.query_one("#detail Static", Static).content)

    async with start() as running:
        await running.until(lambda: "Walls" in told(), "the first lesson")
        await running.press("slash", *"only text")
        await running.until(lambda: "06 Six" not in tree(running), "only what was found")
        await running.press("enter")
        await running.until(lambda: "Bridges" in told(), "the one that was found")


async def test_a_lesson_that_is_not_whole_is_refused(start: Start, kit: Kit, world: World) -> None:
    kit.change("content/07.6-bridges/10-one.md", ":::: task create", ":::: task other")
    async with start("bridges", size=(160, 50)) as running:
        await running.until(lambda: running.desk.work.trouble is not None, "the fault")
        await running.until(lambda: "has no check" in running.screen_text(), "its words")
        assert "begin" not in world.log


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"lesson": "bridge"}, "there is no lesson 'bridge'"),
        ({"lesson": "bridges", "step": "oen"}, "has no step 'oen'"),
        ({"session": "zz"}, "0 open sessions begin with 'zz'"),
    ],
)
async def test_what_is_not_there_is_told(start: Start, wanted: dict[str, str], words: str) -> None:
    async with start(**wanted) as running:
        await running.until(lambda: words in running.screen_text(), words)


async def test_help_and_doctor(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [
        Finding("Docker", State.OK, "26.1"),
        Finding("KVM", State.LIMITED, "no /dev/kvm", "speed", "modprobe kvm"),
    ]
    monkeypatch.setattr("lab_engine.tui.screens.doctor.examine", lambda: findings)
    async with start() as running:
        await running.press("question_mark")
        assert isinstance(running.app.screen, HelpScreen)
        assert "go to the text, the shell" in running.screen_text()
        await running.press("escape", "d")
        assert isinstance(running.app.screen, DoctorScreen)
        await running.until(lambda: "modprobe kvm" in running.screen_text(), "the findings")
        assert "✔ Docker" in running.screen_text()
        assert "! KVM" in running.screen_text()
        await running.press("escape")
        assert isinstance(running.app.screen, HomeScreen)


async def test_theme_and_borders_are_kept(start: Start, settings: Settings) -> None:
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        running.app.choose_theme("solarized-light")
        await running.press("ctrl+right", "ctrl+up")
        width = running.app.screen.query_one("#text").size.width
        height = running.app.screen.query_one("#shell").size.height
        wanted = Looks("solarized-light", running.app.looks.columns, running.app.looks.rows)
        await running.until(lambda: looks.load(settings.data_dir) == wanted, "the file")
        assert wanted.columns > 0
        assert wanted.rows > 0
    async with start("bridges", size=(160, 50)) as running:
        await running.ready()
        assert running.app.theme == "solarized-light"
        text, shell = (running.app.screen.query_one(f"#{name}") for name in ("text", "shell"))
        await running.until(lambda: text.size.width == width, "the width")
        assert abs(shell.size.height - height) <= 1


@pytest.mark.parametrize("written", ['{"theme": "no such"}', '{"theme": 3}', "[", ""])
async def test_looks_that_cannot_be_are_ours(
    start: Start, settings: Settings, written: str
) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    (settings.data_dir / looks.FILE).write_text(written)
    async with start() as running:
        assert running.app.theme == "textual-dark"


async def test_removing_the_bench_asks(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        for button, removed in (("#stay", False), ("#remove", True)):
            running.app.action_finish()
            await running.until(lambda: isinstance(running.app.screen, Choice), "the question")
            running.app.screen.query_one(button, Button).press()
            await running.until(lambda: not isinstance(running.app.screen, Choice), "the answer")
            if removed:
                await running.until(lambda: "down" in world.log, "its end")
            else:
                assert "down" not in world.log


async def test_quitting_leaves_the_bench(start: Start, world: World) -> None:
    async with start("bridges") as running:
        await running.ready()
        await running.press("escape", "q")
        await running.until(lambda: not running.app.is_running or "close" in world.log, "the end")
        assert "down" not in world.log


async def test_a_button_of_the_dialog_begins_anew(
    start: Start, record: Record, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab_engine.bench.container.Bench.find", lambda _: None)
    record.begin("old", "bridges", "seed")
    async with start() as running:
        await running.press("n")
        running.app.screen.query_one("#anew", Button).press()
        await running.ready()
        assert [row.id for row in record.open_sessions()] == [running.desk.session.id]
        assert running.desk.session.id != "old"


async def test_a_session_whose_lesson_an_update_took_away_is_told(
    settings: Settings, start: Start
) -> None:
    record = Record(settings.data_dir / "progress.sqlite")
    record.begin("old", "trams", "seed")
    record.close()
    async with start() as running:
        text = "is in the lesson trams"
        await running.until(lambda: text in running.screen_text(), "the word about it")
        assert "infralab down --session old" in " ".join(running.screen_text().split())
        assert "0 of 1 lessons done" in running.screen_text()
