"""Foreign text in a terminal: words stay, orders to the terminal go."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_engine.cli.words import emit_json, say, table
from lab_engine.common.evidence import Evidence
from lab_engine.course import told
from lab_engine.course.verdict import Outcome, Verdict
from lab_engine.errors import InfralabError
from lab_engine.families.drawing import Edge, Node
from lab_engine.shown import shown

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


def test_json_keeps_every_character_and_prints_no_control(
    capsys: pytest.CaptureFixture[str],
) -> None:
    foreign = "\x1b[2J\x9b2J\x7f\udcffä"
    emit_json({"name": foreign})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"name": foreign}
    assert printed.replace("\n", "").isprintable()
    assert "ä" in printed
