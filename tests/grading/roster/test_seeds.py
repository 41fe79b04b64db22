"""Seeds of learners, the key that they come from, and tickets."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from lab_engine.cli.frame import main
from lab_engine.errors import ContentError, UsageError
from lab_engine.grading import ticket
from lab_engine.grading.classroom import Classroom
from lab_engine.grading.roster import exported, seeds, table
from lab_engine.grading.ticket import Ticket
from tests.grading.assignment.test_terms import LINES, assignment

LIST = b"login,name\nada,Ada\ngrace,Grace \xc3\x89\n"


def test_a_seed_is_bound_to_key_assignment_and_learner() -> None:
    # RFC 2104, with another implementation: printf 'infralab seed 1\\0week-3\\0ada' |
    # openssl dgst -sha256 -mac HMAC -macopt hexkey:00...00
    key = bytes(32)
    own = seeds.seed(key, "week-3", "ada")
    assert own == "7a670bba7cc4bc8255ceba55b8c9b3f9"
    others = [
        seeds.seed(b"\1" * 32, "week-3", "ada"),
        seeds.seed(key, "week-4", "ada"),
        seeds.seed(key, "week-3", "bob"),
        seeds.seed(key, "week-3a", "da"),
    ]
    assert len({own, *others}) == 5


def test_a_key_is_its_owners_and_made_once(tmp_path: Path) -> None:
    path = tmp_path / "class.key"
    seeds.make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = seeds.read_key(path)
    assert len(key) == 32
    with pytest.raises(UsageError, match=r"a key in"):
        seeds.make_key(path)
    assert seeds.read_key(path) == key
    path.write_text("secret\n")
    with pytest.raises(UsageError, match=r"is no key"):
        seeds.read_key(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageError, match=r"cannot be read"):
        seeds.read_key(path)


def test_a_ticket_comes_back_as_it_was(tmp_path: Path) -> None:
    made = ticket.made(assignment(title='"Wälls \\"3\\" \\\\"'), "ada", "0" * 32)
    path = tmp_path / "ada.toml"
    path.write_text(ticket.written(made), encoding="utf-8")
    assert ticket.read(path) == made
    assert made == Ticket(
        "week-3", 'Wälls "3" \\', "ada", "0" * 32, "2027-01-31 23:59 CET", "assessed", ("bridges",)
    )
    path.write_text(ticket.written(made).replace("ada", "../ada"))
    with pytest.raises(ContentError, match=r"learner"):
        ticket.read(path)


def test_a_class_from_list_to_tickets(tmp_path: Path) -> None:
    room = Classroom.new(tmp_path / "net")
    with pytest.raises(UsageError, match=r"no learners yet"):
        room.roster()
    assert room.keep(exported.parse(table.parse(LIST))) == (["ada", "grace"], [])
    paths = Classroom.at(room.folder).tickets(assignment(), tmp_path / "out")
    assert [path.name for path in paths] == ["week-3-ada.toml", "week-3-grace.toml"]
    assert ticket.read(paths[0]).seed == room.seed("week-3", "ada")
    key = (room.folder / "class.key").read_text().strip()
    assert all(key not in path.read_text() for path in paths)
    assert room.keep(exported.parse(table.parse(LIST.replace(b"ada", b"eve")))) == (
        ["eve"],
        ["ada"],
    )
    with pytest.raises(UsageError, match=r"no key"):
        Classroom.at(tmp_path)


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    room, listed, week = tmp_path / "net", tmp_path / "list.csv", tmp_path / "week-3.toml"
    listed.write_bytes(LIST)
    lines = LINES | {"lessons": '[{ slug = "namespaces" }]'}
    week.write_text("\n".join(f"{name} = {value}" for name, value in lines.items()))
    assert main(["class", "new", str(room)]) == 0
    assert main(["class", "import", str(listed), "--class", str(room)]) == 0
    assert main(["class", "show", "--class", str(room)]) == 0
    assert "Grace É" in capsys.readouterr().out
    assert main(["class", "tickets", str(week), "--class", str(room)]) == 0
    assert "2 tickets are in" in capsys.readouterr().out
    own = room / "tickets" / "week-3" / "week-3-ada.toml"
    assert main(["up", "docker-networking", "--ticket", str(own)]) == 2
    assert "not in assignment week-3" in capsys.readouterr().err
    assert main(["submit", "--ticket", str(own), "--learner", "bob"]) == 2
    assert main(["class", "tickets"]) == 2
