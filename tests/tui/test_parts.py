"""The parts without a screen: progress rows, the overview, shells, how a task stands."""

from __future__ import annotations

import pytest

from lab_engine.common.evidence import Evidence
from lab_engine.course.lesson import load_course
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.protocol import ActionNotice, DaemonNotice, EventNotice
from lab_engine.session.record import Record
from lab_engine.tui.document.content import sign_of
from lab_engine.tui.overview import read
from lab_engine.tui.progress import Progress
from lab_engine.tui.shells import lasting, session_name, title
from lab_engine.tui.times import ago, duration
from tests.kit import Kit


def test_an_action_from_start_to_end() -> None:
    progress = Progress()
    assert progress.take(ActionNotice("vm/a", "create", "started", "is not there"))
    row = progress.rows["vm/a"]
    assert (row.act, row.reason, row.state) == ("make", "is not there", "going")
    progress.take(ActionNotice("vm/a", "create", "said", "booting"))
    assert progress.rows["vm/a"].said == "booting"
    progress.take(ActionNotice("vm/a", "create", "done", seconds=2.5))
    row = progress.rows["vm/a"]
    assert (row.state, row.seconds, row.reason) == ("done", 2.5, "is not there")


def test_a_failure_and_what_was_undone() -> None:
    progress = Progress()
    progress.take(ActionNotice("image/x", "create", "started", "is not there"))
    progress.take(ActionNotice("image/x", "create", "failed", "no space"))
    assert (progress.rows["image/x"].state, progress.rows["image/x"].said) == ("failed", "no space")
    progress.take(ActionNotice("image/x", "destroy", "undone"))
    assert progress.rows["image/x"].state == "undone"
    assert progress.rows["image/x"].reason == "is not there"


def test_daemons_have_rows_and_events_have_none() -> None:
    progress = Progress()
    progress.take(DaemonNotice("docker", "starting"))
    progress.take(DaemonNotice("docker", "ready"))
    assert progress.rows["daemon/docker"].state == "done"
    assert not progress.take(EventNotice("link"))


def test_an_elapsed_time_stops_at_the_end() -> None:
    progress = Progress()
    progress.take(ActionNotice("a/b", "create", "started", "x"))
    row = progress.rows["a/b"]
    assert row.elapsed(row.began + 3) == 3
    progress.end(well=True)
    assert progress.seconds == progress.seconds


FAIL = Verdict("t", Outcome.FAIL, 1, Evidence("absent", "a", "b"))


@pytest.mark.parametrize(
    ("verdict", "touched", "sign", "word"),
    [
        (None, False, "○", "to do"),
        (FAIL, False, "○", "to do"),
        (FAIL, True, "✘", "not yet"),
        (Verdict("t", Outcome.PASS, 1), False, "✔", "done"),
        (Verdict("t", Outcome.WAITING, 1), False, "…", "after the tasks before it"),
        (Verdict("t", Outcome.ERROR, 1), False, "!", "could not be checked"),
    ],
)
def test_a_task_stands_in_sign_and_word(
    verdict: Verdict | None, touched: bool, sign: str, word: str
) -> None:
    assert sign_of(verdict, touched=touched)[:2] == (sign, word)


def test_nothing_was_begun(kit: Kit, record: Record) -> None:
    overview = read(load_course(kit.content, labs=kit.package), record)
    state = overview.states["bridges"]
    assert state.steps == (False, False)
    assert not state.begun
    assert overview.current is None
    assert overview.next is overview.course.lesson("bridges")
    assert overview.minutes_left(overview.course.lesson("bridges")) == 7


def test_how_far_a_lesson_is(kit: Kit, record: Record) -> None:
    record.begin("s", "bridges", "seed")
    record.enter("s", "one", {})
    record.verdicts("s", "one", [Verdict("create", Outcome.PASS, 2)])
    overview = read(load_course(kit.content, labs=kit.package), record)
    assert overview.states["bridges"].steps == (False, False), "a question is open"
    assert overview.current is not None
    assert overview.current.step == "one"
    assert overview.minutes_left(overview.course.lesson("bridges")) == 7
    record.answer("s", "one", "driver", "bridge", correct=True)
    overview = read(load_course(kit.content, labs=kit.package), record)
    # The second one is only read: nothing is left to do in the lesson.
    assert overview.states["bridges"].steps == (True, True)
    assert overview.minutes_left(overview.course.lesson("bridges")) == 0
    record.begin("p", "bridges", "seed", mode="proof")
    assert read(overview.course, record).current == overview.current


def test_a_broken_lesson_does_not_hide_the_course(kit: Kit, record: Record) -> None:
    kit.write("content/07.6-bridges/30-bad-front.md", "no front matter")
    record.begin("s", "bridges", "seed")
    assert read(load_course(kit.content, labs=kit.package), record).states["bridges"].steps == ()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (200000, "2 days ago")],
)
def test_how_long_ago(seconds: int, words: str) -> None:
    assert ago(1000.0, now=1000.0 + seconds) == words


@pytest.mark.parametrize(("minutes", "words"), [(5, "5 min"), (60, "1 h"), (64, "1 h 04")])
def test_durations(minutes: int, words: str) -> None:
    assert duration(minutes) == words


class Bench:
    id = "abc"

    def exec_argv(self, argv: list[str], **_: object) -> list[str]:
        return ["docker", "exec", self.id, *argv]


def test_a_shell_runs_in_tmux_on_a_socket_of_its_own() -> None:
    argv = lasting(Bench(), "container:web.1")  # type: ignore[arg-type]
    assert argv[:6] == ["docker", "exec", "abc", "tmux", "-u", "-L"]
    at = argv.index("new-session")
    assert argv[at:][:6] == ["new-session", "-A", "-D", "-s", "container-web-1", "env"]
    assert argv[-5:] == ["docker", "exec", "-it", "web.1", "sh"]
    assert "-D" not in lasting(Bench(), "bench", alone=False)  # type: ignore[arg-type]


def test_names_of_shells() -> None:
    assert session_name("netns:red") == "netns-red"
    assert title("bench") == "bench"
    assert title("vm:alpha") == "▢ alpha"
