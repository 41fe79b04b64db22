"""Lists of learners as platforms and spreadsheets export them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.errors import UsageError
from lab_engine.grading.roster import exported, table
from lab_engine.grading.roster.learner import Roster

CANVAS = (
    b"\xef\xbb\xbfStudent,ID,SIS User ID,SIS Login ID,Section,Week 3 (1234),Current Score\r\n"
    b"    Points Possible,,,,,20.00,(read only)\r\n"
    b'"Lovelace, Ada",101,S1,ada,Net 27,,\r\n'
    b'"Hopper, Grace",102,S2,grace@example.edu,Net 27,,\r\n'
    b'"Student, Test",999,,abcdef,Net 27,,\r\n'
)
MOODLE = (
    "First name,Surname,ID number,Email address,Course total (Real)\n"
    "Ada,Lovelace,S1,ada@example.edu,-\n"
    "Gràce,Hopper,,grace@example.edu,-\n"
).encode()
PLAIN = b"Login;Name;Email\r\nada;Ada Lovelace;ada@example.edu\r\n\r\ngrace;Grace;\r\n"


def parsed(data: bytes) -> Roster:
    return exported.parse(table.parse(data))


def test_canvas() -> None:
    roster = parsed(CANVAS)
    assert roster.source == "canvas"
    assert [(one.id, one.name) for one in roster.learners] == [
        ("ada", "Lovelace, Ada"),
        ("grace@example.edu", "Hopper, Grace"),
    ]
    assert roster.learners[0].row["ID"] == "101"
    assert roster.heading[0] == "Student"


def test_moodle() -> None:
    roster = parsed(MOODLE)
    assert roster.source == "moodle"
    assert [(one.id, one.name, one.email) for one in roster.learners] == [
        ("S1", "Ada Lovelace", "ada@example.edu"),
        ("grace@example.edu", "Gràce Hopper", "grace@example.edu"),
    ]


def test_a_newer_moodle_says_last_name() -> None:
    assert parsed(MOODLE.replace(b"Surname", b"Last name")).learners[0].name == "Ada Lovelace"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        PLAIN.replace(b";", b"\t"),
        PLAIN.replace(b";", b","),
        PLAIN.decode().encode("utf-16"),
        PLAIN.replace(b"Login", b"Matriculation"),
    ],
)
def test_plain(data: bytes) -> None:
    roster = parsed(data)
    assert roster.source == "plain"
    assert [(one.id, one.name) for one in roster.learners] == [
        ("ada", "Ada Lovelace"),
        ("grace", "Grace"),
    ]


def test_an_old_encoding() -> None:
    assert parsed("login;name\nx;Zoë Groß\n".encode("cp1252")).learners[0].name == "Zoë Groß"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"colour,shape\nred,round\n", "no list of learners"),
        (b"login\n", "nobody"),
        (b"login,name\nada,A\nADA,B\n", "2 learners called 'ada'"),
        (b"login,name\n../..,A\n", "no name to log in with"),
        (CANVAS.replace(b"S1,ada", b",").replace(b"101", b"///"), "no name to log in with"),
    ],
)
def test_a_list_that_will_not_do(data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parsed(data)


def test_a_path_never_becomes_a_name() -> None:
    assert parsed(b"login\n../../etc/ada\n").learners[0].id == "etc-ada"


def test_a_file_that_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b'login\n"torn')
    with pytest.raises(UsageError, match=r"cannot be read"):
        exported.read(path)
    with pytest.raises(UsageError, match=r"cannot be read"):
        exported.read(tmp_path)


def test_no_cell_is_a_formula() -> None:
    assert table.harmless("=1+1") == "'=1+1"
    assert table.harmless("Ada") == "Ada"
    assert table.parse(table.write([["a", 'b "c"', "d\ne"]]).encode()) == [["a", 'b "c"', "d\ne"]]
