"""A class and an assignment, what is asked of them, and what people are told where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.common import digest
from lab_engine.errors import InfralabError, UsageError
from lab_engine.grading.gradebook.saying import say
from lab_engine.grading.insight import room as rooms
from lab_engine.grading.insight.room import Room
from lab_engine.grading.insight.rows import FILTERS, SORTS, rows
from tests.grading import taught


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    taught.a_class(tmp_path)
    monkeypatch.chdir(tmp_path)
    return rooms.enter(Path("net-27"))


def ids(room: Room, **view: object) -> str:
    return " ".join(one.learner for one in rows(room.standings(), **view))  # type: ignore[arg-type]


def test_the_only_assignment_is_meant(room: Room, tmp_path: Path) -> None:
    assert room.assignment.id == "week-3"
    assert room.folders == (tmp_path / "handed-in",)
    (tmp_path / "other.toml").write_text("seed = 1\n")
    assert rooms.enter(tmp_path / "net-27").assignment.id == "week-3"
    (tmp_path / "net-27" / "week-4.toml").write_text(taught.ASSIGNMENT.replace("k-3", "k-4"))
    with pytest.raises(UsageError, match="which of 2 assignments") as two:
        rooms.enter(tmp_path / "net-27")
    assert "week-4.toml" in (two.value.hint or "")
    assert rooms.enter(tmp_path / "net-27", Path("week-3.toml")).assignment.id == "week-3"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"folder": Path("nowhere")}, "there is no key"),
        ({"assignment": Path("none.toml")}, "there is no assignment"),
        ({"handed_in": [Path("nowhere")]}, "there is no folder"),
    ],
)
def test_what_is_not_there_is_told(room: Room, what: dict[str, Path], words: str) -> None:
    with pytest.raises(InfralabError, match=words):
        rooms.enter(**({"folder": Path("net-27")} | what))  # type: ignore[arg-type]


def test_without_a_gradebook_or_with_a_damaged_one(room: Room) -> None:
    room.classroom.gradebook.write_bytes(b"no database at all, but long enough to be looked into")
    for ask in (room.standings, room.tasks, lambda: room.words("ada")):
        with pytest.raises(InfralabError, match="cannot be opened"):
            ask()
    room.classroom.gradebook.unlink()
    with pytest.raises(UsageError, match="there is no gradebook"):
        room.standings()


def test_rows_are_chosen_and_sorted(room: Room) -> None:
    every = "ada bob cyd dan eve fay gus hal ida joe kay lee"
    assert ids(room) == every
    assert ids(room, backwards=True) == " ".join(reversed(every.split()))
    assert ids(room, only="look") == "cyd dan"
    assert ids(room, only="missing") == "eve fay"
    assert ids(room, only="late") == "bob"
    assert ids(room, only="overridden") == "gus"
    assert ids(room, search="LA ada") == "ada"
    assert ids(room, search="not recorded") == "dan"
    assert ids(room, search="See me") == "hal"
    assert ids(room, sort="points", backwards=True).startswith("ada ida joe gus bob")
    assert ids(room, sort="received", backwards=True).startswith("bob ")
    # Whatever is chosen, each learner is there once at most.
    for only in FILTERS:
        for sort in SORTS:
            found = ids(room, only=only, sort=sort).split()
            assert len(found) == len(set(found))
            assert set(found) <= set(every.split())


def test_one_task_over_the_class(room: Room) -> None:
    create, run = room.tasks()
    assert (create.key, create.passed, create.mistakes) == ("bridges/one/create", 10, ())
    assert run.passed == 3
    first, second = run.mistakes
    assert (first.reason, first.learners) == ("other-network", ("bob", "dan", "hal", "lee"))
    assert (second.reason, second.learners) == ("absent", ("cyd", "gus", "kay"))
    # Who made the same mistake stand together; who passed come last.
    order = [one.learner for one in run.outcomes]
    assert order == ["bob", "dan", "hal", "lee", "cyd", "gus", "kay", "ada", "ida", "joe"]
    assert run.outcomes[0].mistake == first
    assert run.outcomes[-1].mistake is None
    assert run.absent == ("eve", "fay")
    assert room.task("run") == room.task("one/run") == room.task("bridges/one/run") == run
    for name, words in (("un", "no task is"), ("", "no task is")):
        with pytest.raises(UsageError, match=words) as none:
            room.task(name)
        assert "bridges/one/create" in (none.value.hint or "")


def test_the_file_that_was_graded_is_found(room: Room, tmp_path: Path) -> None:
    graded = room.standing("hal").graded
    assert graded is not None
    assert room.submission(graded).manifest.learner == "hal"
    # Also when it was renamed, or lies deeper; never another one of its name.
    deeper = tmp_path / "handed-in" / "group 1"
    deeper.mkdir()
    (tmp_path / "handed-in" / "hal.zip").rename(deeper / "renamed.zip")
    (tmp_path / "handed-in" / "hal.zip").write_bytes(b"PK\x03\x04 another one")
    assert room.submission(graded).sha256 == graded.submission
    (deeper / "renamed.zip").unlink()
    with pytest.raises(UsageError, match=r"hal\.zip, is not there \(looked in"):
        room.submission(graded)


def test_what_is_said_is_added_and_refused(room: Room) -> None:
    def word(**fields: object) -> None:
        given = {"learner": "ada", "kind": "override", "text": "Well done.", "author": "prof"}
        say(room.classroom, room.assignment, **(given | fields))  # type: ignore[arg-type]

    word(points=19.5)
    word(kind="comment")
    assert [one.kind for one in room.words("ada")] == ["override", "comment"]
    assert room.standing("ada").earned == 19.5
    word(points=None)
    assert room.standing("ada").earned == 20.0
    for wrong, words in (
        ({"text": "  "}, "needs words"),
        ({"author": " "}, "needs an author"),
        ({"learner": "zed"}, "nobody in the class"),
        ({"points": -1.0}, "are not between"),
        ({"points": 201.0}, "are not between"),
        ({"points": float("nan")}, "are not between"),
    ):
        with pytest.raises(UsageError, match=words):
            word(**wrong)
    assert len(room.words("ada")) == 3


def test_seeds_tell_who_is_who(room: Room) -> None:
    seed = room.classroom.seed("week-3", "ada")
    names = room.seeds()
    assert names[digest.of_bytes(seed.encode())] == "Ada Lovelace (ada)"
    assert len(names) == len(taught.NAMES)
