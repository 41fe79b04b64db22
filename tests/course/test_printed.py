"""What a text says that a command prints, against what was printed."""

from __future__ import annotations

import pytest

from lab_engine.course.text import printed
from lab_engine.course.text.parse import parse
from lab_engine.errors import ContentError

TABLE = "ID             NAME\n@<hex 8ff0996cc04b>   bridge\n"


@pytest.mark.parametrize(
    ("marked", "found"),
    [
        ("a b", "a   b \n"),
        ("a\n\nb", "a\nb\n\n"),
        (TABLE, "ID      NAME\n00ff      bridge\n"),
        ("inet @<address 172.17.0.2/16> x", "inet 10.0.0.1/8 x"),
        ("ether @<address 02:42:63:94:68:a5>", "ether 0a:00:00:00:00:01"),
        ("@<size 1.0M> of @<number 3>", "64K of 12"),
        ("1 @<word pts/0> x", "1 ? x"),
        ("lrwx 0 ... ipc -> x", "lrwx 0 Nov 28 19:22 ipc -> x"),
        ("a\n...", "a"),
        ("a\n...\nd", "a\nb\nc\nd"),
        ("...\nd", "b\nd"),
        ("a.b (c)", "a.b (c)"),
    ],
)
def test_it_was_printed(marked: str, found: str) -> None:
    assert printed.difference(marked, found) == ""


@pytest.mark.parametrize(
    ("marked", "found", "says"),
    [
        ("a\nb", "a\nc", "line 2 of the output, 'b', was not printed"),
        ("a", "b", "line 1 of the output, 'a', was not printed"),
        ("a", "a\nb", "more was printed than the text says"),
        ("a\nb", "a", "line 2 of the output, 'b', was not printed"),
        (TABLE, "ID NAME\nxyz bridge\n", "line 2 of the output, '8ff0996cc04b bridge', was not"),
        ("a.b", "axb", "line 1"),
        ("a\n...\nd", "a\nb", "was not printed"),
        ("@<number 3>", "x", "line 1 of the output, '3', was not printed"),
    ],
)
def test_it_was_not(marked: str, found: str, says: str) -> None:
    assert says in " ".join(printed.difference(marked, found).split())


def test_a_learner_sees_the_example() -> None:
    (block,) = parse(f"```output\n{TABLE}```\n", {}, where="x.md").code()
    assert block.text == "ID             NAME\n8ff0996cc04b   bridge"
    assert block.marked == TABLE.rstrip("\n")


@pytest.mark.parametrize(
    ("mark", "says"),
    [("@<id 3>", "is no mark"), ("@<number x>", "'x' is no number"), ("@<hex>", "'' is no hex")],
)
def test_a_mark_that_is_none(mark: str, says: str) -> None:
    with pytest.raises(ContentError, match=says):
        parse(f"```output\n{mark}\n```\n", {}, where="x.md")


def test_an_output_belongs_to_the_command_above_it() -> None:
    document = parse(
        "```sh\na\n```\n```output\nA\n```\n\n```sh\nb\n```\n\nText.\n\n```output\nB\n```\n"
        '```sh later\nc\n```\n```output why="it is long"\nC\n```\n',
        {},
        where="x.md",
    )
    assert {line: code.text for line, code in document.outputs().items()} == {1: "A"}
