"""What a learner's machine puts in: from its record, and which files of the work folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.common.evidence import Evidence
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import UsageError
from lab_engine.grading.submission import gather, handed, work
from lab_engine.grading.submission.handed import Handed
from lab_engine.grading.submission.work import Entry
from lab_engine.session.record import Record
from tests.grading import made
from tests.kit import Kit

FAIL = Verdict("create", Outcome.FAIL, 2, Evidence("absent", "a network \x1b[2J", "none"))
PASS = Verdict("create", Outcome.PASS, 2)


def worked(record: Record, session: str, lesson: str = "bridges", mode: str = "assessed") -> None:
    record.begin(session, lesson, "some seed", mode)
    record.enter(session, "one", {})
    record.moment(session, "enter", "one")
    record.verdicts(session, "one", [FAIL])
    record.hint(session, "one", "create", 1)
    record.answer(session, "one", "why", "because \x1b[2J", correct=True)
    record.verdicts(session, "one", [PASS])


def test_the_record_goes_in_and_comes_out_whole() -> None:
    record = Record.in_memory()
    worked(record, "s1")
    row = record.session("s1")
    assert row is not None
    past = gather.past(row, record, {})
    one = Handed(made.part().part, past, {}, {})
    got = handed.parse(handed.pack(made.manifest(one), (one,))).parts[0].past
    assert got == past
    assert got.history() == record.history("s1")
    assert got.moments() == record.moments("s1")
    assert [told.verdict for told in got.verdicts] == [FAIL, PASS]
    assert [(hint.task, hint.number) for hint in got.hints] == [("create", 1)]
    assert [answer.answer for answer in got.answers] == ["because \x1b[2J"]


def test_the_session_worked_in_last_is_handed_in(kit: Kit) -> None:
    record = Record.in_memory()
    worked(record, "first")
    worked(record, "last")
    worked(record, "proof", mode="proof")
    record.begin("empty", "bridges", "x", "assessed")
    record.end("last")
    assert gather.choose(record, kit.lesson()).id == "last"
    with pytest.raises(UsageError, match=r"with the seed nine"):
        gather.choose(record, kit.lesson(), seed="nine")


def test_the_manifest_names_this_course(kit: Kit) -> None:
    before = gather.manifest(kit.load(), "ada", [made.part()])
    kit.change("content/07.6-bridges/10-one.md", "Why it is so.", "Why.")
    after = gather.manifest(kit.load(), "ada", [made.part()])
    assert before.course != after.course
    assert before.image == after.image
    assert before.learner == "ada"


def test_files_within_limits_are_taken() -> None:
    entries = [
        Entry(b"a", 5),
        Entry(b"big", work.MOST_FILE_BYTES + 1),
        *(Entry(b"m%d" % n, work.MOST_FILE_BYTES) for n in range(9)),
    ]
    taken, left_out = work.choose(entries)
    assert [entry.path for entry in taken] == [b"a", *(b"m%d" % n for n in range(7))]
    assert set(left_out) == {"big", "m7", "m8"}
    many, _ = work.choose([Entry(b"f%03d" % n, 1) for n in range(300)])
    assert len(many) == work.MOST_FILES


def test_a_file_may_have_any_name() -> None:
    odd = b"sub/\xff \x1b[2J\n."
    assert work.listing(b"3 " + odd + b"\x002 torn") == [Entry(odd, 3)]
    path = work.quoted(odd)
    assert path.isascii()
    assert work.fault(path) == ""
    assert work.spelled(path) == "sub/\ufffd \n."


@pytest.mark.parametrize("path", ["../x", "a/../x", "/x", "a//b", "a%00", "%2e%2e/x", "é", ""])
def test_a_path_that_leads_elsewhere(path: str) -> None:
    assert work.fault(path) != ""


def test_what_the_reader_would_refuse_is_not_written(tmp_path: Path) -> None:
    one = Handed(made.part().part, made.part().past, {"../x": b""}, {})
    with pytest.raises(ValueError, match=r"no name of a member"):
        handed.pack(made.manifest(one), (one,))
