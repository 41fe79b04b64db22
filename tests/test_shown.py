"""Foreign text in a terminal: words stay, orders to the terminal go."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_engine.cli import gc as gc_verb
from lab_engine.cli import plan as plan_verb
from lab_engine.cli.words import emit_json, say, table, tell
from lab_engine.common.evidence import Evidence
from lab_engine.common.plan import Action, Plan
from lab_engine.course import told
from lab_engine.course.lesson import load_course
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import InfralabError, WouldTake
from lab_engine.families.drawing import Edge, Node
from lab_engine.proof.report import junit
from lab_engine.proof.report import table as table_of
from lab_engine.proof.result import CaseResult, LessonProof
from lab_engine.protocol import MendReport, Recovery
from lab_engine.session.gc import Leftover
from lab_engine.session.mended import due, sentences
from lab_engine.shown import shown
from tests.clock import in_any_time

CLEAR = "\x1b[2J\x1b[Hweb"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain: ä × 字 👩‍🔧\n\ttab", "plain: ä × 字 👩‍🔧\n\ttab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07name", "name"),
        ("\x1b]52;c;cm0gLXJmIC8=\x1b\\name", "name"),
        ("\x9b2Jname\x9d0;x\x9c!", "name!"),
        ("\x1bP$q\x1b\\name", "name"),
        ("\x1bcname\x1b(0", "name"),
        ("one\rtwo\x08\x7f\x00", "onetwo"),
        ("\x1b]0;without an end\nnext", "\nnext"),
        ("file\udcff", "file\ufffd"),
        ("a\u202egnp.exe", "agnp.exe"),
    ],
)
def test_only_words_are_shown(text: str, wanted: str) -> None:
    assert shown(text) == wanted


@in_any_time
@given(st.text(st.sampled_from("\x1b\x9b\x9d\x07\\[]P0;m\n\t\r\udc80ä ")))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    clean = shown(text)
    assert clean.replace("\n", "").replace("\t", "").isprintable()
    assert shown(clean) == clean


def test_errors_verdicts_pictures_and_tables_show_foreign_text_clean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = InfralabError(f"no {CLEAR}", hint=f"look at {CLEAR}")
    assert (str(error), error.message, error.hint) == ("no web", "no web", "look at web")
    failed = Verdict("t", Outcome.FAIL, 1, Evidence("r", f"e {CLEAR}", f"o {CLEAR}", CLEAR))
    assert dict(told.reasons(failed)) == {"expected": "e web", "observed": "o web", "look": "web"}
    assert told.line(failed) == "expected: e web observed: o web"
    assert "\x1b" not in told.trouble(Verdict("t", Outcome.ERROR, 1, message=CLEAR))
    node = Node("container/web", "bench", CLEAR, CLEAR, facts=((CLEAR, CLEAR),))
    assert (node.name, node.state, node.facts) == ("web", "web", (("web", "web"),))
    assert Edge("a", "b", CLEAR).label == "web"
    assert table([(CLEAR,)], head=("NAME",)) == "NAME\nweb"
    say(CLEAR)
    assert capsys.readouterr().err == "web\n"


def test_plans_leftovers_and_differences_are_told_clean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = f"container/{CLEAR}"
    plan_verb.show(Plan((Action(key, "create", f"is not {CLEAR}"),)))
    assert capsys.readouterr().out.splitlines()[0] == "create   container/web: is not web"
    mine = Leftover("host", CLEAR, CLEAR, CLEAR)
    theirs = Leftover("host", "container", CLEAR, CLEAR, "theirs", CLEAR)
    inside = Leftover("bench", key, CLEAR, CLEAR)
    gc_verb.show([mine, theirs, inside], [mine, inside])
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    assert "somebody else's, web" in printed
    taken = WouldTake((key,), (key,), CLEAR)
    words = (*taken.made, *taken.changed, taken.files, taken.message, taken.hint)
    assert all(word.isprintable() and "web" in word for word in words)
    report = MendReport(started=(key,), made=(key,), lost=(key,), left=(key,))
    for sentence in (*sentences(report), *due(Recovery("stuck", problem=CLEAR))):
        assert sentence.isprintable()
    tell(CLEAR)
    assert capsys.readouterr().out == "web\n"


def test_a_proof_that_quotes_the_bench_is_told_clean() -> None:
    lesson = load_course().lesson("namespaces")
    case = CaseResult("look", "solution", "x", 1.0, f"changes what it does not name: {CLEAR}")
    proof = LessonProof(lesson.slug, "s", (case,), 1.0)
    assert "does not name: web" in table_of(proof, lesson)
    assert table_of(proof, lesson).replace("\n", "").isprintable()
    assert b"\x1b" not in junit([proof])


def test_json_keeps_every_character_and_prints_no_control(
    capsys: pytest.CaptureFixture[str],
) -> None:
    foreign = "\x1b[2J\x9b2J\x7f\udcffä"
    emit_json({"name": foreign})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"name": foreign}
    assert printed.replace("\n", "").isprintable()
    assert "ä" in printed
