"""Diagrams: what stands right of a name keeps its column, and lint tells where it cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_engine.course.lint.lines import WIDEST, open_edges
from lab_engine.course.text import names
from lab_engine.course.text.model import Diagram
from lab_engine.course.text.parse import parse
from tests.clock import in_any_time
from tests.kit import Kit

STEP = "content/07.6-bridges/10-one.md"


def drawn(line: str, **values: str) -> str:
    return names.draw(line, values, where="x").text


@pytest.mark.parametrize("value", ["a", "four", "exactly7", "rather-long"])
@pytest.mark.parametrize(
    "line",
    [
        "   @{vm}           right",
        " | @{vm}          |",
        "@{vm}---------> right",
        "@{vm} -------> right",
    ],
)
def test_what_stands_right_keeps_its_column(line: str, value: str) -> None:
    filled = drawn(line, vm=value)
    assert value in filled
    assert filled.rindex(line[-1]) == len(line) - 1


def test_a_line_gives_way_after_one_blank_and_blanks_after_two() -> None:
    assert drawn("@{vm} -----> x", vm="ab") == "ab --------> x"
    assert drawn("@{vm}  -----> x", vm="ab") == "ab     -----> x"
    assert drawn("@{vm}  -----> x", vm="abcdefgh") == "abcdefgh ---> x"


def test_an_option_is_no_line() -> None:
    line = "run -m @{much}m --cpus @{part} --limit @{most}"
    assert drawn(line, much="1", part="2", most="3") == "run -m 1m --cpus 2 --limit 3"
    assert drawn("@{vm} --all  | x", vm="ab") == "ab --all     | x"


def test_two_names_in_a_line() -> None:
    assert drawn("@{a}      @{b}   |", a="seven77", b="x") == "seven77   x      |"


def test_names_in_a_word_and_at_the_end_push_nothing_away() -> None:
    found = names.draw("POST /@{box}/start, then @{box}", {"box": "a-long-name"}, where="x")
    assert found.text == "POST /a-long-name/start, then a-long-name"
    assert found.over == 0


def test_no_room() -> None:
    assert names.draw("| @{vm} |", {"vm": "rosemary"}, where="x").over == 3
    assert names.draw("@{vm}  x", {"vm": "rosemary"}, where="x").over == 2


@in_any_time
@given(st.text("abcxyz-", min_size=1, max_size=12), st.integers(2, 20))
def test_pushed_away_or_in_its_column(value: str, blanks: int) -> None:
    line = "  @{vm}" + " " * blanks + "|"
    found = names.draw(line, {"vm": value}, where="x")
    assert found.text.index("|") == len(line) - 1 + found.over


def test_only_in_diagrams() -> None:
    line = "@{vm}      x"
    text = f"```sh\n{line}\n```\n\n````diagram\n{line}\n```\n{line}\n````\n\n`{line}`"
    document = parse(text, {"vm": "a"}, where="x.md")
    code, diagram = document.blocks[:2]
    assert code.text == "a      x"  # type: ignore[union-attr]
    assert isinstance(diagram, Diagram)
    assert diagram.text == "a          x\n```\na          x"


BOX = """\
  +-----+   +-- b --+
  | a   |---|       |
  +-----+   +-------+
     |
     v"""


def test_a_whole_box_has_no_open_edge() -> None:
    assert list(open_edges(BOX.split("\n"))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("| a   |---|       |", "| a    |---|       |"), ("     |\n     v", "         |\n     v")],
)
def test_a_torn_box(old: str, new: str) -> None:
    assert list(open_edges(BOX.replace(old, new).split("\n")))


class TestLint:
    def rules(self, kit: Kit, drawing: str) -> list[str]:
        kit.change(STEP, "Why it is so.", f'Why.\n\n```diagram alt="x"\n{drawing}\n```\n')
        return [rule for rule, _, _ in kit.rules()]

    def test_a_name_with_room(self, kit: Kit) -> None:
        assert (
            self.rules(
                kit, "+--------------------+\n| @{bridge}          |\n+--------------------+"
            )
            == []
        )

    def test_a_name_without_room(self, kit: Kit) -> None:
        assert "torn" in self.rules(kit, "+-----------+\n| @{bridge} |\n+-----------+")

    def test_an_edge_out_of_line(self, kit: Kit) -> None:
        assert self.rules(kit, "+----+\n| a |\n+----+") == ["torn"]

    def test_the_widest(self, kit: Kit) -> None:
        assert self.rules(kit, "-" * WIDEST) == []

    def test_too_wide(self, kit: Kit) -> None:
        assert self.rules(kit, "-" * (WIDEST + 1)) == ["wide"]

    def test_in_the_introduction(self, kit: Kit) -> None:
        path = "content/07.6-bridges/lesson.md"
        kit.change(
            path, "About @{bridge}.", "About @{bridge}.\n\n```diagram\n" + "-" * 80 + "\n```\n"
        )
        assert [rule for rule, _, _ in kit.rules()] == ["wide"]
