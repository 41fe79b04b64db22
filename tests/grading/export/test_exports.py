"""Each form is read again, by what reads it elsewhere."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab_engine.cli.frame import main
from lab_engine.errors import UsageError
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.export import feedback, gradescope, junit, platforms, tables
from lab_engine.grading.gradebook.book import Gradebook
from lab_engine.grading.gradebook.standing import Standing, standings
from lab_engine.grading.roster import exported, table
from lab_engine.grading.roster.learner import Roster
from tests.grading import made
from tests.grading.assignment.test_terms import LINES, assignment
from tests.grading.roster.test_exported import CANVAS, MOODLE

EVIL = "\x1b[2J<script>alert(1)</script> ![x](http://h/) ` `` =cmd() \ufffe"
FAILED = made.task(
    "mend", "fail", reason="absent", expected="a *network*", observed=EVIL, look="ip a",
    explanation="You left out <b>--network</b>.",
)  # fmt: skip


def some(path: Path, roster: Roster = made.ROSTER) -> list[Standing]:
    first, second, *_ = (one.id for one in roster.learners)
    with_fail = made.lesson_grade(made.task("create", hints=1), FAILED, made.task("a", "given"))
    unknown = made.lesson_grade(outcome="not replayable", message=f"not replayable: {EVIL}")
    with Gradebook.writing(path / "book.sqlite") as book:
        book.add(made.graded(first, with_fail, earned=7.126, late="1 h 00 min late: 10 % less"))
        book.add(made.graded(second, unknown, earned=None, outcome="not replayable"))
        return standings(book, assignment(points="20", title='"Week 3"'), roster)


def test_csv(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(tables.csv(some(tmp_path)))))
    assert [row["learner"] for row in rows] == ["ada", "bob", "cyd", "dan"]
    assert [row["earned"] for row in rows] == ["7.13", "", "", ""]
    assert rows[1]["state"] == "not replayable"
    assert rows[0]["late"] == "1 h 00 min late: 10 % less"


def test_json(tmp_path: Path) -> None:
    found = json.loads(tables.json(some(tmp_path)))
    assert found[0]["graded"]["lessons"][0]["tasks"][1]["observed"] == EVIL
    assert (found[1]["earned"], found[1]["state"]) == (None, "not replayable")


def test_junit(tmp_path: Path) -> None:
    root = ElementTree.fromstring(junit.junit(some(tmp_path)))
    suite = root[0]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("ada", "3", "1")
    assert [[kind.tag for kind in case] for case in suite] == [[], ["failure"], ["skipped"]]
    told = suite[1][0].get("message")
    assert told is not None
    assert told.startswith("expected: a *network* observed: <script>")
    assert "\x1b" not in told


def test_gradescope(tmp_path: Path) -> None:
    first, second, *_ = some(tmp_path)
    found = json.loads(gradescope.results(first))
    assert found["score"] == 7.13
    assert [test["score"] for test in found["tests"]] == [1.6, 0.0, 0.0]
    assert [test["max_score"] for test in found["tests"]] == [2, 2, 2]
    assert "--network" in found["tests"][1]["output"]
    # What a person must look at has no score: 0 would be a mark.
    assert "score" not in json.loads(gradescope.results(second))


def test_canvas_reads_what_it_exported(tmp_path: Path) -> None:
    roster = exported.parse(table.parse(CANVAS))
    text = platforms.canvas(
        roster, assignment(points="20", title='"Week 3"'), some(tmp_path, roster)
    )
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [
        "Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Week 3 (1234)"
    ]  # fmt: skip
    assert rows[1] == ["Points Possible", "", "", "", "", "20"]
    assert rows[2] == ["Lovelace, Ada", "101", "S1", "ada", "Net 27", "7.13"]
    assert rows[3][-1] == ""
    again = exported.parse(table.parse(text.encode()))
    assert [one.id for one in again.learners] == [one.id for one in roster.learners]


def test_moodle_reads_what_it_exported(tmp_path: Path) -> None:
    roster = exported.parse(table.parse(MOODLE))
    text = platforms.moodle(
        roster, assignment(points="20", title='"Week 3"'), some(tmp_path, roster)
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["Email address"], row["Week 3"]) for row in rows] == [
        ("ada@example.edu", "7.13"),
        ("grace@example.edu", ""),
    ]
    again = exported.parse(table.parse(text.encode()))
    assert [one.id for one in again.learners] == [one.id for one in roster.learners]


def test_a_list_of_another_platform() -> None:
    with pytest.raises(UsageError, match=r"of kind plain, not canvas"):
        platforms.canvas(made.ROSTER, assignment(), [])


def test_feedback_says_what_to_do(tmp_path: Path) -> None:
    first, second, third, _ = some(tmp_path)
    text = feedback.markdown(first)
    for words in ("7.13 of 20 points", "1 h 00 min late", "expected: ` a *network* `", "ip a",
                  "infralab learn bridges one", "(1.6 of 2, 1 hint)"):  # fmt: skip
        assert words in text
    assert "\x1b" not in text
    assert "a person looks at it" in feedback.markdown(second)
    assert "Nothing was handed in" in feedback.markdown(third)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.add(tag)


def test_a_page_holds_nothing_that_runs_or_loads(tmp_path: Path) -> None:
    tags = Tags()
    for one in some(tmp_path):
        tags.feed(feedback.page(one))
    assert "code" in tags.found
    assert tags.found.isdisjoint({"script", "img", "a", "b", "iframe"})


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room = Classroom.new(tmp_path / "net")
    room.keep(made.ROSTER)
    week = tmp_path / "week-3.toml"
    week.write_text("\n".join(f"{name} = {value}" for name, value in LINES.items()))
    own = ["--class", str(room.folder)]
    assert main(["gradebook", "show", str(week), *own]) == 2
    with Gradebook.writing(room.gradebook) as book:
        book.add(made.graded("ada", made.lesson_grade(FAILED), earned=7.0))
    say = ["gradebook", "override", str(week), "ada", *own, "--points", "9"]
    assert main(say) == 2
    assert main([*say, "--text", "Shown to me.", "--author", "prof"]) == 0
    assert main(["gradebook", "comment", str(week), "eve", *own, "--text", "x"]) == 2
    capsys.readouterr()
    assert main(["gradebook", "show", str(week), *own]) == 0
    shown = capsys.readouterr().out
    assert "9 / 100" in shown
    assert "overridden" in shown
    assert main(["gradebook", "history", str(week), "ada", *own]) == 0
    assert "override to 9 by prof: Shown to me." in capsys.readouterr().out
    for form in ("csv", "json", "junit"):
        assert main(["gradebook", "export", str(week), *own, "--form", form]) == 0
        assert "ada" in capsys.readouterr().out
    out = tmp_path / "out"
    assert main(["gradebook", "export", str(week), *own, "--form", "gradescope",
                 "--to", str(out)]) == 0  # fmt: skip
    assert main(["gradebook", "feedback", str(week), *own, "--to", str(out)]) == 0
    assert {path.name for path in out.iterdir()} >= {"ada", "ada.md", "ada.html", "dan.html"}
