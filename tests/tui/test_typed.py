"""Keys with Alt: the shell gets the bytes that a terminal sends, the app the keys that it knows."""

from __future__ import annotations

import string

import pytest
from textual import events

from lab_engine.tui.terminal.emulator import Emulator
from lab_engine.tui.terminal.keys import translate
from lab_engine.tui.terminal.typed import TypedParser


def keys(sent: str) -> list[events.Key]:
    parser = TypedParser()
    found = [*parser.feed(sent), *parser.feed("")]
    return [event for event in found if isinstance(event, events.Key)]


def bytes_for(sent: str) -> bytes:
    """What the shell gets for what a terminal sends."""
    got: list[bytes] = []
    emulator = Emulator(80, 24, got.append)
    for event in keys(sent):
        if known := translate(event.key, event.character):
            emulator.key(*known)
    return b"".join(got)


LONGER = "[O]P"
ALT = [f"\x1b{c}" for c in string.ascii_letters + string.digits + string.punctuation]


@pytest.mark.parametrize("sent", [one for one in ALT if one[1] not in LONGER])
def test_alt_and_a_character(sent: str) -> None:
    assert bytes_for(sent) == sent.encode()


@pytest.mark.parametrize("sent", ["\x1b\r", "\x1b\x7f", "\x1b ", "\x1b[1;3A", "\x1bé"])
def test_alt_and_another_key(sent: str) -> None:
    assert bytes_for(sent) == sent.encode()


@pytest.mark.parametrize(
    ("sent", "bytes_"),
    [("\x1b[46;3u", b"\x1b."), ("\x1b[98;3u", b"\x1bb"), ("\x1b[66;4u", b"\x1bB")],
)
def test_a_terminal_that_names_its_keys(sent: str, bytes_: bytes) -> None:
    """Kitty's protocol, which Textual asks for."""
    assert bytes_for(sent) == bytes_


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b[A", "up"),
        ("\x1bOP", "f1"),
        ("\x1b[1;5C", "ctrl+right"),
        ("\x1b[Z", "shift+tab"),
        ("\x1b\t", "shift+tab"),
        ("\x1bb", "ctrl+left"),
        ("\x1bf", "ctrl+right"),
        ("a", "a"),
        ("\r", "enter"),
    ],
)
def test_what_the_app_knows_stays(sent: str, key: str) -> None:
    assert [event.key for event in keys(sent)] == [key]


def test_nothing_with_alt_is_typed_into_an_input() -> None:
    for sent in ALT:
        for event in keys(sent):
            assert not event.is_printable, (sent, event)


def test_a_paste_is_a_paste() -> None:
    parser = TypedParser()
    (paste, key) = parser.feed("\x1b[200~a.b\x1b[201~x")
    assert isinstance(paste, events.Paste)
    assert paste.text == "a.b"
    assert isinstance(key, events.Key)
    assert key.key == "x"
