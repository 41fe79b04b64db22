"""Tokens that differ from run to run: learned from the two outputs, put into the typed input.

Container ids, PIDs, addresses from DHCP, join tokens, names of loop devices and virtual cards. What
is the same in both runs is left alone; an id that cannot be told apart is ambiguous.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

ESCAPES: Final = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()].|\x1b[@-Z=>]|\x1bO."
)
TOKEN: Final = re.compile(
    # The order counts: at one place the first that fits is taken, and an address begins like a
    # number.
    r"(?P<join>SWMTKN-[0-9a-z-]+)"
    r"|(?P<mac>(?<![0-9A-Za-z])[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?![0-9A-Za-z]))"
    r"|(?P<address>(?<![0-9A-Za-z.])\d+\.\d+\.\d+\.\d+(?![0-9A-Za-z.]))"
    r"|(?P<device>(?<![0-9A-Za-z])(?:loop|vnet|veth|br-|pts/)[0-9a-f]+)"
    r"|(?P<uuid>(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<id>(?<![0-9A-Za-z])[0-9a-f]{12,64}(?![0-9A-Za-z]))"
    r"|(?P<number>(?<![0-9A-Za-z.])\d{3,}(?![0-9A-Za-z]))"
)
PREFIX: Final = re.compile(r"(?<![0-9A-Za-z_.-])[0-9a-f]{2,63}(?![0-9A-Za-z_.-])")
WORD: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]*")
DIGITS: Final = re.compile(r"\d+")
# Columns, and the rules below their headings, are as wide as what stands in them.
SPACES: Final = re.compile(r"[\s─-]+")
ERASED: Final = re.compile(r"[^\x7f]\x7f")


class Token(NamedTuple):
    kind: str
    text: str


class Tokens:
    """What stands for what, recorded to replayed.

    `known` are the learner's values, which mean themselves, in both runs the same. `names` are
    words that are not taken for the beginning of an id.
    """

    def __init__(self, known: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self._known = set(known)
        self._names = {*self._known, *names}
        self._ids: dict[str, str] = {}
        self._others: dict[str, str] = {}
        self._ambiguous: set[str] = set()
        self._words: set[str] = set()
        self._cut: set[str] = set()

    def learn(self, recorded: str, replayed: str) -> None:
        """Pair the tokens of lines that are alike but for them.

        Of a number, the last pair counts: it is what the learner saw last.
        """
        old, new = _lines(recorded), _lines(replayed)
        # Without autojunk, which leaves out lines that come often in 200 or more (difflib).
        matcher = difflib.SequenceMatcher(
            None, [_shape(line) for line in old], [_shape(line) for line in new], autojunk=False
        )
        for what, start, end, other, other_end in matcher.get_opcodes():
            if what == "equal" or (what == "replace" and end - start == other_end - other):
                for was, now in zip(old[start:end], new[other:other_end], strict=True):
                    self._line(list(_tokens(was)), list(_tokens(now)))
        for line in old:
            self._words.update(WORD.findall(line))

    def _line(self, was: list[Token], now: list[Token]) -> None:
        if [token.kind for token in was] != [token.kind for token in now]:
            return
        for (kind, old), (_, new) in zip(was, now, strict=True):
            if kind not in ("id", "uuid"):
                self._others[old] = new
            elif len(old) == len(new) and self._ids.setdefault(old, new) != new:
                self._ambiguous.add(old)

    def put(self, text: str) -> tuple[str, list[str]]:
        """`text` with the replayed tokens; and the words that could stand for several things.

        What was typed wrong and erased is left out where it would hide a token.
        """
        doubtful: list[str] = []
        plain = _without_erased(text)
        mapped = self._mapped(plain, doubtful)
        return (text if mapped == plain else mapped), doubtful

    def _mapped(self, text: str, doubtful: list[str]) -> str:
        pieces: list[str] = []
        at = 0
        for escape in ESCAPES.finditer(text):
            pieces += [self._piece(text[at : escape.start()], doubtful), escape[0]]
            at = escape.end()
        return "".join([*pieces, self._piece(text[at:], doubtful)])

    def _piece(self, text: str, doubtful: list[str]) -> str:
        pieces: list[str] = []
        at = 0
        for match in TOKEN.finditer(text):
            pieces += [self._prefixes(text[at : match.start()], doubtful)]
            pieces += [self._whole(match[0], doubtful)]
            at = match.end()
        return "".join([*pieces, self._prefixes(text[at:], doubtful)])

    def _whole(self, token: str, doubtful: list[str]) -> str:
        if token in self._known:
            return token
        if token in self._ambiguous:
            doubtful.append(token)
            return token
        exact = self._ids.get(token) or self._others.get(token)
        return exact or self._prefix(token, doubtful)

    def _prefixes(self, text: str, doubtful: list[str]) -> str:
        return PREFIX.sub(lambda match: self._prefix(match[0], doubtful), text)

    def _prefix(self, word: str, doubtful: list[str]) -> str:
        """The beginning of an id, unless it is a word of its own such as `c2` or `bb1`."""
        if word in self._names or (word in self._words and word not in self._cut):
            return word
        fits = [old for old in self._ids if old.startswith(word)]
        cut = {self._ids[old][: len(word)] for old in fits}
        if len(cut) > 1 or any(old in self._ambiguous for old in fits):
            doubtful.append(word)
            return word
        if not cut:
            return word
        # Its echo is in the output from now on, which would make it a word of its own.
        self._cut.add(word)
        return cut.pop()


def _tokens(line: str) -> Iterator[Token]:
    for match in TOKEN.finditer(line):
        yield Token(match.lastgroup or "", match[0])


def _shape(line: str) -> str:
    return SPACES.sub(" ", DIGITS.sub("0", TOKEN.sub("#", line)))


def _without_erased(text: str) -> str:
    """Apply backspaces, where all else is typed plainly."""
    # Other control keys move the cursor: what a backspace erased then cannot be told.
    if any(letter < " " and letter not in "\r\n" for letter in text):
        return text
    before = ""
    while before != text:
        before, text = text, ERASED.sub("", text)
    return text


def _lines(output: str) -> list[str]:
    return ESCAPES.sub("", output).replace("\r", "").split("\n")
