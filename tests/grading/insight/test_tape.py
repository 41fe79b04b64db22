"""A recorded terminal as a tape, and the files of a work folder, from what a learner handed in."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
import pytest

from lab_engine.common import digest
from lab_engine.course.verdict import Outcome
from lab_engine.grading.insight.files import LONGEST, WorkFile, files
from lab_engine.grading.insight.tape import PAUSE, WIDEST, length, tape
from lab_engine.grading.submission.handed import Handed
from tests.grading import made, taught


def test_commands_steps_and_verdicts_are_places() -> None:
    found = tape(taught.handed_in())
    assert [(mark.kind, mark.text) for mark in found.marks] == [
        ("step", "step one begins"),
        ("command", "docker network ls"),
        ("verdict", "one/create: fail (absent): none"),
        ("command", "docker network create -d bridge br_41"),
        ("verdict", "one/create: pass"),
        ("command", "docker run -d --name web --network br_41 nginx"),
        ("verdict", "one/run: fail (other-network): none"),
        ("command", "docker ps"),
    ]
    assert [mark.passed for mark in found.marks if mark.kind == "verdict"] == [False, True, False]
    assert [mark.at for mark in found.marks] == sorted(mark.at for mark in found.marks)
    assert found.seconds == pytest.approx(3.6)
    last = found.mark_before(found.seconds, ("command",))
    assert last is not None
    assert last.text == "docker ps"
    assert found.next_mark(last.at, ("command", "verdict")) is None
    # The line is there when its Enter was hit, and its output comes after that.
    drawn = "".join(frame.data for frame in found.frames[: found.frame_after(last.at)])
    assert "docker run" in drawn
    assert "docker ps" not in drawn


def test_a_verdict_that_says_the_same_again_is_no_place() -> None:
    again = [made.told("run", Outcome.FAIL, at=made.BEGAN + n) for n in (1.0, 2.0, 3.0)]
    found = tape(made.part(*again, made.told("run", at=made.BEGAN + 4)))
    assert [mark.kind for mark in found.marks].count("verdict") == 2


def two(first: bytes, second: bytes) -> Handed:
    part = taught.handed_in()
    return Handed(part.part, part.past, {"a.cast": first, "b.cast": second}, part.files)


def test_long_pauses_are_shortened_in_all_terminals_at_once() -> None:
    later = made.cast("hostname", began=made.BEGAN + 1000)
    found = tape(two(made.cast("ls"), later))
    assert len(found.shells) == 2
    assert found.seconds < 10
    assert {frame.shell for frame in found.frames} == {0, 1}
    times = [frame.at for frame in found.frames] + [mark.at for mark in found.marks]
    assert max(b - a for a, b in pairwise(sorted(times))) <= PAUSE
    assert found.marks[-1].clock == made.BEGAN + 1001


def test_sizes_are_within_limits_and_nothing_recorded_is_a_tape() -> None:
    head, *rest = made.cast("ls").splitlines()
    head = head.replace(b'"width": 80', b'"width": 9999')
    sized = [head, *rest, json.dumps([5.0, "r", "9000x30"]).encode()]
    sized.append(json.dumps([6.0, "r", "no size"]).encode())
    found = tape(two(b"\n".join(sized) + b"\n", made.cast("pwd")))
    assert found.shells[0].columns == WIDEST
    assert [frame.data for frame in found.frames if frame.code == "r"] == [f"{WIDEST}x30"]
    part = taught.handed_in()
    empty = Handed(part.part, msgspec.structs.replace(part.past, verdicts=()), {}, part.files)
    assert tape(empty).shells == ()
    assert length(125.4) == "2:05"


def test_files_say_what_became_of_them() -> None:
    given = digest.of_bytes(b"as it was\n")
    marks = {"same.txt": given, "given.txt": given, "gone.txt": given}
    head, *rest = made.cast("ls").splitlines()
    told = [0.05, "m", json.dumps({"mark": "files", "files": marks})]
    data = b"\n".join([head, json.dumps(told).encode(), *rest]) + b"\n"
    work = {
        "same.txt": b"as it was\n", "given.txt": b"mine\n", "new.bin": b"\0\1", "big": b"x" * 30000,
        "odd%1B%5B2J": b"\x1b[2Jred\n",
    }  # fmt: skip
    part = made.part(work=work)
    part = Handed(
        msgspec.structs.replace(part.part, left_out={"huge.iso": "it has 9 bytes"}),
        part.past, {"a.cast": data}, part.files,
    )  # fmt: skip
    found = {one.path: one for one in files(part)}
    assert {path: one.what for path, one in found.items()} == {
        "big": "new", "given.txt": "changed", "gone.txt": "gone", "huge.iso": "left out",
        "new.bin": "new", "odd": "new", "same.txt": "as it was",
    }  # fmt: skip
    assert found["new.bin"].text == "(2 bytes that are no text)"
    assert len(found["big"].text) < LONGEST + 100
    assert found["odd"] == WorkFile("bridges", "odd", "new", 8, "red\n")


def test_a_file_that_was_made_by_the_first_command_is_new() -> None:
    head, *rest = made.cast("ls").splitlines()
    marks = {"notes.txt": digest.of_bytes(made.NOTES)}
    told = [1.5, "m", json.dumps({"mark": "files", "files": marks})]
    part = made.part()
    cast = b"\n".join([head, *rest, json.dumps(told).encode()]) + b"\n"
    (one,) = files(Handed(part.part, part.past, {"a.cast": cast}, part.files))
    assert one.what == "new"
