"""The emulator alone: bytes in, rows out."""

from __future__ import annotations

import pytest

from lab_engine.tui.terminal.emulator import Emulator
from lab_engine.tui.terminal.keys import translate


class Terminal:
    def __init__(self, columns: int = 20, rows: int = 4) -> None:
        self.sent = b""
        self.copied: list[str] = []
        self.titles: list[str] = []
        self.rings = 0
        self.emulator = Emulator(
            columns,
            rows,
            self._take,
            on_copy=self.copied.append,
            on_title=self.titles.append,
            on_bell=self._ring,
        )

    def _take(self, data: bytes) -> None:
        self.sent += data

    def _ring(self) -> None:
        self.rings += 1


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def plain(terminal: Terminal, row: int) -> str:
    return "".join(text for text, _ in terminal.emulator.row(row)).rstrip()


def test_characters_may_be_cut_anywhere(terminal: Terminal) -> None:
    data = "\x1b[1;31mhé你好\x1b[0m end".encode()
    for n in range(len(data)):
        terminal.emulator.feed(data[n : n + 1])
    assert plain(terminal, 0) == "hé你好 end"
    (first, style), *_ = terminal.emulator.row(0)
    assert first.startswith("hé")
    assert style.bold
    assert style.color is not None
    assert style.color.number == 1
    assert terminal.emulator.cursor is not None
    assert terminal.emulator.cursor.column == 2 + 4 + 4


def test_a_wide_character_takes_two_columns(terminal: Terminal) -> None:
    terminal.emulator.feed("你a".encode())
    assert plain(terminal, 0) == "你a"
    terminal.emulator.feed(b"\x1b[1;3Hb")
    assert plain(terminal, 0) == "你b"


def test_lines_scroll_and_the_screen_resizes(terminal: Terminal) -> None:
    terminal.emulator.feed(b"".join(b"line %d\r\n" % n for n in range(9)))
    assert plain(terminal, 2) == "line 8"
    terminal.emulator.resize(30, 6)
    assert (terminal.emulator.columns, terminal.emulator.rows) == (30, 6)
    assert "line 8" in terminal.emulator.text()


def test_the_alternate_screen_goes_and_comes(terminal: Terminal) -> None:
    terminal.emulator.feed(b"shell\x1b[?1049h\x1b[2J\x1b[Hfull screen")
    assert plain(terminal, 0) == "full screen"
    terminal.emulator.feed(b"\x1b[?1049l")
    assert plain(terminal, 0) == "shell"


def test_only_changed_rows_are_named(terminal: Terminal) -> None:
    terminal.emulator.feed(b"one\r\ntwo\r\n")
    mark = terminal.emulator.seen()
    terminal.emulator.feed(b"three")
    assert terminal.emulator.changed(mark) == [2]


def test_keys_follow_the_modes(terminal: Terminal) -> None:
    terminal.emulator.key("up")
    terminal.emulator.feed(b"\x1b[?1h")
    terminal.emulator.key("up")
    terminal.emulator.key("c", frozenset({"ctrl"}))
    terminal.emulator.key("ü", text="ü")
    assert terminal.sent == b"\x1b[A\x1bOA\x03" + "ü".encode()


def test_a_paste_is_marked_where_asked(terminal: Terminal) -> None:
    terminal.emulator.paste("a\nb")
    terminal.emulator.feed(b"\x1b[?2004h")
    terminal.emulator.paste("a\nb")
    assert terminal.sent.endswith(b"\x1b[200~a\nb\x1b[201~")


def test_the_mouse_is_told_only_where_asked(terminal: Terminal) -> None:
    before = terminal.emulator.mouse
    terminal.emulator.feed(b"\x1b[?1002h\x1b[?1006h")
    assert (before, terminal.emulator.mouse, terminal.emulator.motion) == (False, True, True)
    terminal.emulator.pointer(2, 1, 0, "press", frozenset())
    terminal.emulator.pointer(2, 1, 64, "press", frozenset())
    assert terminal.sent == b"\x1b[<0;3;2M\x1b[<64;3;2M"


def test_clipboard_title_and_bell(terminal: Terminal) -> None:
    terminal.emulator.feed(b"\x1b]52;c;aGVsbG8=\x07\x1b]0;a title\x07\x07")
    assert terminal.copied == ["hello"]
    assert terminal.titles == ["a title"]
    assert terminal.rings == 1


def test_it_answers_what_programs_ask(terminal: Terminal) -> None:
    terminal.emulator.feed(b"ab\x1b[6n")
    assert terminal.sent == b"\x1b[1;3R"


def test_the_cursor_hides_and_has_a_shape(terminal: Terminal) -> None:
    terminal.emulator.feed(b"\x1b[?25l")
    hidden = terminal.emulator.cursor
    terminal.emulator.feed(b"\x1b[?25h\x1b[4 q")
    shown = terminal.emulator.cursor
    assert hidden is None
    assert shown is not None
    assert shown.shape == "underline"


@pytest.mark.parametrize(
    ("key", "character", "expected"),
    [
        ("a", "a", ("a", frozenset(), "a")),
        ("A", "A", ("A", frozenset(), "A")),
        ("slash", "/", ("/", frozenset(), "/")),
        ("space", " ", (" ", frozenset(), " ")),
        ("ctrl+c", None, ("c", frozenset({"ctrl"}), "")),
        ("ctrl+backslash", None, ("\\", frozenset({"ctrl"}), "")),
        ("shift+tab", None, ("tab", frozenset({"shift"}), "")),
        ("ctrl+shift+up", None, ("up", frozenset({"ctrl", "shift"}), "")),
        ("f5", None, ("f5", frozenset(), "")),
        ("enter", "\r", ("enter", frozenset(), "")),
        ("escape", "\x1b", ("escape", frozenset(), "")),
        ("media_play", None, None),
    ],
)
def test_keys_are_translated(key: str, character: str | None, expected: object) -> None:
    assert translate(key, character) == expected
