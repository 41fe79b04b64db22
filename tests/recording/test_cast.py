"""Recordings as data: what is read, and how input is cut into groups."""

from __future__ import annotations

import json

import pytest

from lab_engine.recording.cast import Cast, Unreadable, files, groups, read_cast, sizes

HEADER = {
    "version": 2,
    "width": 80,
    "height": 24,
    "infralab": {"place": "bench", "argv": ["bash", "-l"], "began": 1000.0},
}


def data(*events: tuple[float, str, object], header: object = HEADER) -> bytes:
    lines = [header, *([at, code, text if isinstance(text, str) else json.dumps(text)]
                       for at, code, text in events)]  # fmt: skip
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def cast(*events: tuple[float, str, object]) -> Cast:
    return read_cast("1.cast", data(*events))


def typed(*events: tuple[float, str, object], breaks: tuple[float, ...] = ()) -> list[str]:
    return [group.text for group in groups(cast(*events), 0, breaks)]


def test_a_recording_is_read() -> None:
    one = cast((0.5, "o", "$ "), (1.0, "i", "ls\r"))
    assert (one.place, one.argv, one.rows, one.columns) == ("bench", ("bash", "-l"), 24, 80)
    assert [(event.at, event.code) for event in one.events] == [(1000.5, "o"), (1001.0, "i")]


def test_a_torn_last_line_is_left_out() -> None:
    whole = data((0.5, "o", "$ "), (1.0, "i", "ls\r"))
    assert len(read_cast("1.cast", whole[:-3]).events) == 1


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (b"", 1),
        (b"no json\n", 1),
        (b"\n" + data((0.5, "o", "$ ")), 1),
        (data(header={"version": 2, "width": 80, "height": 24}), 1),
        (data(header={**HEADER, "version": 1}), 1),
        (data(header={**HEADER, "height": -4}), 1),
        (data(header=["a", "list"]), 1),
        (b"[" * 100_000 + b"\n", 1),
        (bytes(range(256)) * 40, 1),
        (data() + b'[1.0, "i", "\xff\xfe"]\n', 2),
        (data() + b"no json\n", 2),
        (data() + b'[1.0, "x", "unknown code"]\n', 2),
        (data((0.5, "o", "$ ")) + b'["soon", "i", "ls"]\n', 3),
    ],
)
def test_a_bad_file_is_told_with_its_line(bad: bytes, line: int) -> None:
    with pytest.raises(Unreadable, match=rf"1\.cast cannot be read: line {line}"):
        read_cast("1.cast", bad)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({**HEADER, "version": 3}, "of version 3 of asciicast, not 2"),
        ({"version": 2, "width": 80, "height": 24, "timestamp": 5}, "another program made it"),
        ({"name": "a package", "dependencies": {}}, "no header of a recording"),
    ],
)
def test_what_is_none_of_ours_is_told_apart(header: object, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read_cast("1.cast", data(header=header))


def test_a_clock_that_was_set_back_makes_no_negative_times() -> None:
    first, _ = groups(cast((9.0, "i", "ls\r"), (2.0, "o", "a file"), (3.0, "i", "ls\r")), 0)
    assert (first.seconds, first.idle >= 0) == (0.0, True)


@pytest.mark.parametrize("mark", ["{", {"mark": "unheard-of"}, {"mark": "exit", "code": "none"}])
def test_a_bad_mark_is_told(mark: object) -> None:
    with pytest.raises(Unreadable, match="mark in the recording"):
        groups(cast((0.5, "m", mark)), 0)


@pytest.mark.parametrize("end", ["\r", "\n", "\x03", "\x04", "\x1a"])
def test_what_something_answers_ends_a_group(end: str) -> None:
    assert typed((1, "i", "a"), (1.1, "i", f"b{end}"), (1.2, "i", "c")) == [f"ab{end}", "c"]


def test_a_pause_in_plain_typing_does_not_split_a_word() -> None:
    assert typed((1, "i", "docker rm 3b0"), (9, "i", "b31"), (9.5, "i", "\r")) == [
        "docker rm 3b0b31\r"
    ]


def test_a_pause_after_a_key_that_shows_something_ends_a_group() -> None:
    assert typed((1, "i", "doc\t"), (3, "i", "ps\r")) == ["doc\t", "ps\r"]
    assert typed((1, "i", "doc\t"), (1.2, "i", "ps\r")) == ["doc\tps\r"]
    # A long answer is part of the pause: one looks at it when it is there.
    assert typed((1, "i", "\x12net"), (3, "o", "..."), (3.2, "i", "\r")) == ["\x12net\r"]


def test_no_group_spans_a_break() -> None:
    assert typed((1, "i", "ec"), (2, "i", "ho\r"), breaks=(1001.5,)) == ["ec", "ho\r"]
    assert typed((1, "i", "ec"), (2, "i", "ho\r"), breaks=(1000.5, 1002.5)) == ["echo\r"]


def test_a_group_knows_what_followed_it() -> None:
    first, second, third = groups(
        cast(
            (0.1, "m", {"mark": "prompt"}),
            (1.0, "i", "sudo -i\r"),
            (1.1, "m", {"mark": "command"}),
            (1.2, "o", "root# "),
            (2.0, "i", "exit\r"),
            (2.1, "o", "logout"),
            (2.2, "m", {"mark": "prompt"}),
            (2.3, "o", "$ "),
            (2.3, "m", {"mark": "exit", "code": 3}),
            (4.0, "i", "ls\r"),
        ),
        7,
    )
    assert (first.shell, first.at, first.prompt, first.busy) == (7, 1001.0, False, True)
    assert (second.output, second.prompt, second.busy, second.codes) == (
        "logout$ ",
        True,
        False,
        (3,),
    )
    assert second.seconds == pytest.approx(2.0)
    assert third.codes == ()


def test_a_group_is_over_when_something_is_typed_elsewhere() -> None:
    events = (
        (1.0, "i", "sleep 9\r"),
        (1.1, "m", {"mark": "command"}),
        (1.2, "o", "dots"),
        (8.0, "o", "Killed"),
        (8.1, "m", {"mark": "prompt"}),
        (8.2, "m", {"mark": "exit", "code": 137}),
        (9.0, "i", "ls\r"),
    )
    alone, _ = groups(cast(*events), 0)
    assert (alone.prompt, alone.codes, alone.awaited) == (True, (137,), "dotsKilled")
    beside, _ = groups(cast(*events), 0, elsewhere=[1000.5, 1003.0, 1005.0])
    assert (beside.prompt, beside.codes, beside.awaited) == (False, (), "dots")
    assert beside.output == "dotsKilled"
    assert beside.seconds == pytest.approx(2.0)
    assert beside.idle == pytest.approx(1.8)


def test_hidden_input_is_a_group_of_its_own() -> None:
    shown = groups(cast((1, "i", "read -s x\r"), (2, "m", {"mark": "hidden"}), (3, "i", "ls\r")), 0)
    assert [(group.text, group.hidden) for group in shown] == [
        ("read -s x\r", False),
        ("", True),
        ("ls\r", False),
    ]


def test_the_files_at_a_time() -> None:
    early = cast((1, "m", {"mark": "files", "files": {"a": "1"}}))
    late = cast((2, "m", {"mark": "files", "files": {"a": "2"}}))
    assert files([late, early], 1000.5) is None
    assert files([late, early], 1001.5) == {"a": "1"}
    assert files([late, early], 1009.0) == {"a": "2"}


def test_sizes() -> None:
    found = sizes(cast((1, "r", "133x41"), (2, "r", "0x0"), (3, "r", "wide")), 5)
    assert [(size.shell, size.rows, size.columns) for size in found] == [(5, 41, 133)]
