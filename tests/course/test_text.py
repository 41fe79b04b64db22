"""The text of lessons: what it becomes, and what it refuses with which words."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_engine.course.text import front, names
from lab_engine.course.text.model import (
    Code,
    Diagram,
    Document,
    ListBlock,
    Note,
    Paragraph,
    Span,
    Table,
    TaskBlock,
    visible_text,
)
from lab_engine.course.text.parse import parse
from lab_engine.course.text.plain import render_blocks, render_plain
from lab_engine.course.text.question import Answer, Question
from lab_engine.errors import ContentError
from tests.clock import in_any_time

VALUES = {"bridge": "my_bridge_7", "size": "512"}


def read(text: str, *, first_line: int = 1) -> Document:
    return parse(dedent(text).strip("\n"), VALUES, where="step.md", first_line=first_line)


def refuse(text: str) -> ContentError:
    with pytest.raises(ContentError) as caught:
        read(text)
    return caught.value


class TestBlocks:
    def test_inline_styles(self) -> None:
        document = read("A **bold `co de`** and *em*, see [docs](https://docs.docker.com).")
        assert document.blocks == (
            Paragraph(
                (
                    Span("A "),
                    Span("bold ", strong=True),
                    Span("co de", strong=True, code=True),
                    Span(" and "),
                    Span("em", emphasis=True),
                    Span(", see "),
                    Span("docs", link="https://docs.docker.com"),
                    Span("."),
                ),
                1,
            ),
        )

    def test_an_underscore_in_a_value_stays(self) -> None:
        assert render_plain(read("Make @{bridge}.")) == "Make my_bridge_7."

    def test_lists_nest_and_keep_their_start(self) -> None:
        (block,) = read("3. three\n4. four\n   - inner").blocks
        assert isinstance(block, ListBlock)
        assert block.start == 3
        inner = block.items[1][1]
        assert isinstance(inner, ListBlock)
        assert inner.start is None

    def test_table(self) -> None:
        (block,) = read("| a | b |\n|---|---|\n| 1 | x \\| y |").blocks
        assert isinstance(block, Table)
        assert block.rows == (((Span("1"),), (Span("x | y"),)),)

    @pytest.mark.parametrize(
        ("info", "role", "typed"),
        [
            ("sh", "run", True),
            ("sh run", "run", True),
            ("sh fails", "run", True),
            ("sh later fails", "later", True),
            ("sh later", "later", True),
            ("sh show", "show", False),
            ("sh console", "console", False),
            ("output", "show", False),
            ("ini", "show", False),
        ],
    )
    def test_roles(self, info: str, role: str, typed: bool) -> None:
        (block,) = read(f"```{info}\nls\n```").blocks
        assert isinstance(block, Code)
        assert (block.role, block.typed, block.text) == (role, typed, "ls")
        assert block.fails is ("fails" in info)

    def test_settings_of_a_fence(self) -> None:
        (block,) = read('```sh console at="the guest" why="it is another machine"\nls\n```').blocks
        assert isinstance(block, Code)
        assert (block.at, block.why) == ("the guest", "it is another machine")

    def test_diagram_keeps_its_lines(self) -> None:
        (block,) = read('```diagram alt="two ends"\n a --- b\n```').blocks
        assert block == Diagram(" a --- b", "two ends", 1)

    def test_task_with_hints_and_lines(self) -> None:
        document = read(
            """
            Before.

            :::: task create
            Make `@{bridge}`.

            ```sh show
            docker network ls
            ```
            ::: hint
            One.
            :::
            ::: hint
            Two.
            :::
            ::::
            """,
            first_line=6,
        )
        (task,) = document.tasks
        assert (task.id, len(task.hints), task.line) == ("create", 2, 8)
        assert isinstance(task.body[1], Code)
        assert task.body[1].line == 11
        assert [code.text for code in document.code()] == ["docker network ls"]
        assert "One." not in visible_text(document.blocks)
        assert "One." in visible_text(document.blocks, hints=True)

    def test_note(self) -> None:
        (block,) = read("::: note\nAside.\n:::").blocks
        assert isinstance(block, Note)


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "where", "words"),
        [
            ("\n> quote", "step.md:1", "a quote"),
            ("a\n\n---", "step.md:3", "a rule"),
            ("a\n\n    indented", "step.md:3", "use a fence"),
            ("![x](y.png)", "step.md:1", "image"),
            ("##### deep", "step.md:1", "four #"),
            ("```\nls\n```", "step.md:1", "language"),
            ("```sh often\nls\n```", "step.md:1", "often"),
            ("```sh run later\nls\n```", "step.md:1", "run later"),
            ("```sh show fails\nls\n```", "step.md:1", "never run"),
            ("```output fails\nls\n```", "step.md:1", "is for `sh`"),
            ("```sh colour=red\nls\n```", "step.md:1", "colour"),
            ('```sh at="x\nls\n```', "step.md:1", "quote"),
            ("a\n\n::: tip\nb\n:::", "step.md:3", "no block `tip`"),
            ("::: note\nb", "step.md:1", "never closed"),
            ("a\n\n:::\n", "step.md:3", "close nothing"),
            ("::: hint\nb\n:::", "step.md:1", "only inside `task`"),
            (":::: note\n::: note\nb\n:::\n::::", "step.md:2", "cannot be inside"),
            ("- a\n  ::: note\n  b\n  :::", "step.md:2", "inside a list"),
            ("::: task\nb\n:::", "step.md:1", "one id"),
            ("::: task Big One\nb\n:::", "step.md:1", "one id"),
            ("::: task Big\nb\n:::", "step.md:1", "not an id"),
            ("::: task a\nb\n:::\n\n::: task a\nb\n:::", "step.md:5", "twice"),
            (":::: task a\n::: hint\nb\n:::\n::::", "step.md:1", "says nothing"),
            (":::: task a\nb\n::: hint\nc\n:::\nd\n::::", "step.md:6", "come last"),
            ("| a |\n|---|\n| `x|y` |", "step.md:3", "2 cells, not 1"),
            ("Make @{brigde}.", "step.md:1", "@{brigde}"),
        ],
    )
    def test_with_place_and_reason(self, text: str, where: str, words: str) -> None:
        error = refuse(text)
        assert error.where == where
        assert words in f"{error.message} {error.hint}"

    def test_a_variable_is_suggested(self) -> None:
        assert refuse("a\nMake @{brigde}.").hint == "Did you mean @{bridge}?"
        assert refuse("a\nMake @{brigde}.").where == "step.md:2"

    def test_html_is_text(self) -> None:
        assert render_plain(read("a <b>c</b>")) == "a <b>c</b>"


class TestVariables:
    def test_escape(self) -> None:
        assert names.fill("@@{bridge} @{bridge}", VALUES, where="x") == "@{bridge} my_bridge_7"
        assert names.used("@@{a} @{b} @{b} @{c}") == {"b", "c"}

    def test_a_value_with_a_line_break_is_refused(self) -> None:
        with pytest.raises(ContentError, match="more than one line"):
            names.fill("@{a}", {"a": "1\n2"}, where="x")

    @in_any_time
    @given(st.text(alphabet="@{}ab \n", max_size=60))
    def test_never_changes_line_numbers(self, source: str) -> None:
        try:
            filled = names.fill(source, {"a": "1", "b": "2", "ab": "3"}, where="x")
        except ContentError:
            return
        assert filled.count("\n") == source.count("\n")


class _Front(msgspec.Struct, frozen=True):
    title: str
    minutes: int
    syllabus: tuple[str, ...] = ()


class TestFrontMatter:
    def test_parts(self) -> None:
        parts = front.split('+++\ntitle = "A"\nminutes = 3\n+++\nText.\n', where="x.md")
        assert front.convert(parts.front, _Front, where="x.md") == _Front("A", 3)
        assert (parts.body, parts.first_line) == ("Text.\n", 5)

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("title = 1", "first line"),
            ("+++\ntitle = 1", "no closing"),
            ('+++\ntitle = "A"\nminutes =\n+++\n', "line 3"),
            ('+++\ntitle = "A"\n+++\n', "`minutes` is missing"),
            ('+++\ntitle = "A"\nminutes = "3"\n+++\n', "$.minutes"),
            ('+++\ntitle = "A"\nminutes = 3\nsylabus = []\n+++\n', "unknown key `sylabus`"),
        ],
    )
    def test_refused(self, source: str, words: str) -> None:
        with pytest.raises(ContentError) as caught:
            front.convert(front.split(source, where="x.md").front, _Front, where="x.md")
        assert words in caught.value.message
        assert caught.value.where.startswith("x.md")

    def test_a_near_key_is_suggested(self) -> None:
        with pytest.raises(ContentError) as caught:
            front.convert({"sylabus": []}, _Front, where="x.md")
        assert caught.value.hint == "Did you mean `syllabus`?"

    def test_read_front_stops_at_the_fence(self, tmp_path: Path) -> None:
        path = tmp_path / "a.md"
        path.write_bytes(b'+++\ntitle = "A"\n+++\n' + b"x" * 100_000 + b"\xff")
        assert front.read_front(path, where="a.md") == {"title": "A"}

    def test_a_file_that_is_not_text(self, tmp_path: Path) -> None:
        path = tmp_path / "a.md"
        path.write_bytes(b"\xff\xfe")
        with pytest.raises(ContentError, match="cannot be read"):
            front.read(path, where="a.md")


@cache
def question(text: str) -> Question:
    return read(text).questions[0].question


CHOICE = """
::: question driver kind=choice
Which?
- [x] `bridge` | Yes.
- [ ] overlay | Spans
  hosts.
- [ ] a `x | y` b | No.
:::
"""
CHOICES = """
::: question which kind=choices
Which?
- [x] pid
- [x] net | Yes.
- [ ] cpu | A cgroup.
:::
"""
NUMBER = """
::: question size kind=number unit=MiB tolerance=5%
How much?
- [x] @{size} | Yes.
- [ ] 1024 | Double.
- [ ] * | Look at `free`.
:::
"""
TEXT = """
::: question gateway kind=text
Which?
- [x] 172.17.0.1 | Yes.
- [x] 172.17.0.1/16
- [ ] 172.17.0.0 | That is the network.
- [ ] * | Look at docker0.
:::
"""
BENCH = """
::: question address kind=text answer_from=web_address
Which?
- [x] * | That is web.
- [ ] * | Look again.
:::
"""


class TestQuestions:
    @pytest.mark.parametrize(
        ("answer", "right", "words"),
        [
            ("1", True, "Yes."),
            ("a", True, "Yes."),
            ("Bridge", True, "Yes."),
            ("2", False, "Spans hosts."),
            ("a x | y b", False, "No."),
            ("1,2", False, "Only one"),
            ("7", False, "from 1 to 3"),
            ("", False, "no answer"),
        ],
    )
    def test_choice(self, answer: str, right: bool, words: str) -> None:
        graded = question(CHOICE).grade(answer)
        assert graded.correct is right
        assert words in graded.explanation

    @pytest.mark.parametrize(
        ("answer", "right", "words"),
        [
            ("1,2", True, "Yes."),
            ("2 1", True, "Yes."),
            ("pid, net", True, "Yes."),
            ("1", False, "one more option"),
            ("1,3", False, "A cgroup."),
            ("1,2,3", False, "A cgroup."),
        ],
    )
    def test_choices(self, answer: str, right: bool, words: str) -> None:
        graded = question(CHOICES).grade(answer)
        assert graded.correct is right
        assert words in graded.explanation

    @pytest.mark.parametrize(
        ("answer", "right", "words"),
        [
            ("512", True, "Yes."),
            ("512 mib", True, "Yes."),
            ("0.5 GiB", True, "Yes."),
            ("530", True, "Yes."),
            ("545", False, "free"),
            ("1 GiB", False, "Double."),
            ("512 s", False, "in MiB"),
            ("many", False, "in MiB"),
        ],
    )
    def test_number(self, answer: str, right: bool, words: str) -> None:
        graded = question(NUMBER).grade(answer)
        assert graded.correct is right
        assert words in graded.explanation

    @pytest.mark.parametrize(
        ("answer", "right", "words"),
        [
            (" 172.17.0.1 ", True, "Yes."),
            ("172.17.0.1/16", True, "Right."),
            ("172.17.0.0", False, "network"),
            ("10.0.0.1", False, "docker0"),
        ],
    )
    def test_text(self, answer: str, right: bool, words: str) -> None:
        graded = question(TEXT).grade(answer)
        assert graded.correct is right
        assert words in graded.explanation

    def test_from_the_bench(self) -> None:
        asked = question(BENCH)
        assert asked.answer_from == "web_address"
        assert asked.grade("10.0.0.2", ["10.0.0.2"]).explanation == "That is web."
        assert not asked.grade("10.0.0.3", ["10.0.0.2"]).correct
        assert not asked.grade("*", ["10.0.0.2"]).correct

    @in_any_time
    @given(st.sampled_from([CHOICE, CHOICES, NUMBER, TEXT, BENCH]), st.text(max_size=20))
    def test_any_answer_is_explained(self, text: str, answer: str) -> None:
        assert question(text).grade(answer).explanation

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("::: question a\nWhy?\n- [x] b\n:::", "kind"),
            ("::: question a kind=guess\nWhy?\n- [x] b\n:::", "guess"),
            ("::: question a kind=choice\nWhy?\n:::", "list of answers"),
            ("::: question a kind=choice\nWhy?\n- b\n- [x] c\n:::", "begins with [x]"),
            (
                "::: question a kind=choice\nWhy?\n- [ ] b | no\n- [ ] c | no\n:::",
                "no right answer",
            ),
            ("::: question a kind=choice\nWhy?\n- [x] b\n- [x] c\n:::", "kind=choices"),
            ("::: question a kind=choice\nWhy?\n- [x] b\n- [ ] c\n:::", "no explanation"),
            ("::: question a kind=choice\nWhy?\n- [x] b\n:::", "two options"),
            ("::: question a kind=choice unit=s\nWhy?\n- [x] b\n- [ ] c | d\n:::", "no unit"),
            ("::: question a kind=text\nWhy?\n- [x] b\n:::", "does not foresee"),
            ("::: question a kind=text\nWhy?\n- [x] *\n- [ ] * | no\n:::", "accept everything"),
            ("::: question a kind=number\nWhy?\n- [x] b\n- [ ] * | c\n:::", "not a number"),
            (
                "::: question a kind=number tolerance=x\nWhy?\n- [x] 1\n- [ ] * | c\n:::",
                "tolerance",
            ),
        ],
    )
    def test_refused(self, text: str, words: str) -> None:
        error = refuse(text)
        assert error.where.startswith("step.md:")
        assert words in f"{error.message} {error.hint}"

    def test_a_question_from_code(self) -> None:
        asked = Question("a", "number", (Answer("3", True, ""),))
        assert asked.grade("3.0").explanation == "Right."


class TestPlain:
    PAGE = """
    # A bridge

    Docker puts containers on a switch; `docker network create @{bridge}` makes another one.

    | Driver | Reach | Note |
    |---|---|---|
    | bridge | one host | default |
    | overlay | many hosts | |

    ```diagram
     c1 --- docker0
    ```

    ```sh
    docker network ls
    ```

    ```output
    bridge
    ```

    :::: task create
    Make it.
    ::: hint
    SECRET
    :::
    ::::

    ::: question driver kind=choices
    Which?
    - [x] `bridge` | TOLD
    - [ ] overlay | TOLD
    :::

    ::: note
    Aside.
    :::
    """

    def test_page(self) -> None:
        shown = render_plain(read(dedent(self.PAGE)), 44)
        assert shown == dedent(
            """\
            A bridge

            Docker puts containers on a switch; `docker
            network create my_bridge_7` makes another
            one.

            - bridge; Reach: one host; Note: default.
            - overlay; Reach: many hosts.

            Diagram:
                 c1 --- docker0

            Command:
                docker network ls

            Output:
                bridge

            Task 1: Make it.

            Question 1: Which?
            1. `bridge`
            2. overlay
            (Several may be right.)

            Note: Aside."""
        )

    def test_nothing_decorates(self) -> None:
        assert not re.search(r"[\u2500-\u25ff\x1b]", render_plain(read(dedent(self.PAGE))))

    @in_any_time
    @given(st.integers(min_value=20, max_value=200))
    def test_width_holds_for_words(self, width: int) -> None:
        text = render_plain(read("word " * 80), width)
        assert max(map(len, text.split("\n"))) <= width

    def test_options_are_not_broken(self) -> None:
        text = render_plain(read("x " * 15 + "use --network-alias now"), 40)
        assert "--network-alias" in text

    def test_hint_alone(self) -> None:
        (task,) = read(":::: task a\nb\n::: hint\nDo `x`.\n:::\n::::").tasks
        assert isinstance(task, TaskBlock)
        assert render_blocks(task.hints[0]) == "Do `x`."


LATER = """
```sh later
a
```
"""


def task(name: str) -> str:
    return f"\n:::: task {name}\nDo it.\n::::\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (task("a") + LATER, "when the task is done"),
        (task("a") + task("b") + LATER, "when the tasks are done"),
        (task("a") + LATER + task("b"), "when the task above is done"),
        (task("a") + task("b") + LATER + task("c"), "when the tasks above are done"),
    ],
)
def test_after_which_tasks_a_block_works(text: str, words: str) -> None:
    (code,) = read(text).code()
    assert code.when == words
    assert f"Command, for {words}:" in render_plain(read(text))


def test_what_is_to_read_and_what_to_type() -> None:
    document = read(
        """
        ```sh show why="x"
        a
        ```

        ```sh task why="x"
        b
        ```

        ```ruby
        c
        ```
        """
    )
    assert [code.sent for code in document.code()] == [False, True, False]
    assert [code.typed for code in document.code()] == [False, False, False]
    said = render_plain(document)
    assert "An example, to read:" in said
    assert "Command, a part of the task:" in said
    assert "In a file, to read:" in said
