"""What one end makes of whatever the other end says."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_engine import errors
from lab_engine import protocol as p
from lab_engine.errors import AgentError, InfralabError, ProtocolError, ResourceError

fuzzed = settings(max_examples=100, derandomize=True, deadline=None)
WORDS = st.sampled_from(
    [
        *("do", "id", "type", "notice", "result", "error", "message", "hint", "fields", "key"),
        *("hello", "ask", "provision", "reply", "failure", "action", "event", "lease", "probes"),
        *("resources", "probe", "kind", "name", "version", "client", "topics", "act", "phase"),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=20,
)
LINES = (
    st.binary(max_size=200)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.tuples(st.sampled_from(["reply", "failure", "notice"]), VALUES).map(
        lambda pair: json.dumps(
            {
                "type": pair[0],
                "id": 1,
                "result": pair[1],
                "error": "X",
                "message": "m",
                "notice": pair[1],
                "fields": pair[1],
            }
        ).encode()
    )
)
HARD = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"type":"reply","id":1,"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"type":"reply","id":' + b"9" * 5000 + b',"result":1}',
    b'{"type":"reply","id":1e999,"result":1}',
    b'{"do":"status","id":' + b"9" * 5000 + b"}",
    b'{"type":"failure","id":1,"error":"\xff","message":""}',
    b'{"type":"failure","id":1,"error":"\\ud800","message":""}',
    b"\xef\xbb\xbf{}",
    b"",
    b"\x00",
]


def heard(line: bytes) -> None:
    """What a client does with a line."""
    answer = p.decode_answer(line)
    if isinstance(answer, p.Failure):
        assert isinstance(p.raised(answer), InfralabError)
    if isinstance(answer, p.Reply):
        for result in (p.Welcome, p.StatusReport, p.OwnedReport, list[p.Answer]):
            p.decode_result(answer, result)


@fuzzed
@given(LINES)
def test_any_line_is_read_or_refused_at_both_ends(line: bytes) -> None:
    for read in (heard, p.decode_request):
        with suppress(ProtocolError):
            read(line)


@pytest.mark.parametrize("line", HARD, ids=range(len(HARD)))
def test_a_hard_line_is_refused_at_both_ends(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        p.decode_request(line)
    with pytest.raises(ProtocolError):
        heard(line)


@fuzzed
@given(
    st.sampled_from([*dir(errors), *dir(AgentError), "os.system"]),
    st.dictionaries(
        st.sampled_from(["message", "hint", "exit_code", "args", "__class__", "__dict__", "field"])
        | st.text(max_size=8),
        st.text(max_size=8),
    ),
)
def test_a_failure_sets_nothing_but_the_fields_of_its_class(
    name: str, fields: dict[str, str]
) -> None:
    error = p.raised(p.Failure(1, name, "it broke", "try again", fields))
    assert (error.message, error.hint, str(error)) == ("it broke", "try again", "it broke")
    assert error.exit_code in (2, 3)
    assert type(error).__module__ == "lab_engine.errors"
    assert set(vars(error)) <= {"message", "hint", "resource", "field", "daemon", "where"}


def test_an_error_keeps_its_class_and_fields_on_the_way() -> None:
    sent = ResourceError("too small", resource="disk/a", field="size", hint="Take more.")
    error = p.raised(p.failure(3, sent))
    assert isinstance(error, ResourceError)
    assert (error.resource, error.field, error.hint) == ("disk/a", "size", "Take more.")
    assert str(error) == str(sent)


def test_what_an_agent_tells_is_shown_without_controls() -> None:
    line = p.encode(
        p.Notice(1, p.ActionNotice("container/\x1b[2Jweb", "create", "said", "\x1b]0;x\x07hello"))
    )
    told = p.decode_answer(line)
    assert isinstance(told, p.Notice)
    assert isinstance(told.notice, p.ActionNotice)
    assert (told.notice.key, told.notice.text) == ("container/web", "hello")


def test_a_reading_is_kept_as_it_is() -> None:
    line = p.encode(p.Reply(1, p.raw({"text": "\x1b[2J"})))
    told = p.decode_answer(line)
    assert isinstance(told, p.Reply)
    assert msgspec.json.decode(told.result) == {"text": "\x1b[2J"}
