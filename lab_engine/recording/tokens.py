"""Tokens that differ from run to run: learned from the two outputs, put into the typed input.

Container ids, PIDs, addresses from DHCP, join tokens, names of loop devices and virtual cards. What
is the same in both runs is left alone; what cannot be told apart is ambiguous and left alone too.
"""

from __future__ import annotations

import difflib
import re
from typing import Final

ESCAPES: Final = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()=>].?"
)
TOKEN: Final = re.compile(
    r"SWMTKN-[0-9a-z-]+|\d+\.\d+\.\d+\.\d+|[0-9a-f]{2}(?::[0-9a-f]{2}){5}"
    r"|(?:loop|vnet|veth|br-|pts/)[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9a-f]{12,64}|\d{3,}"
)
WORD: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:/-]*")
HEX: Final = re.compile(r"[0-9a-f]+\Z")
LONG: Final = 12
SHORTEST_PREFIX: Final = 2


class Tokens:
    """What stands for what, recorded to replayed."""

    def __init__(self) -> None:
        self._map: dict[str, str] = {}
        self._ambiguous: set[str] = set()

    def learn(self, recorded: str, replayed: str) -> None:
        """Pair the tokens of lines that are alike but for them."""
        old, new = _lines(recorded), _lines(replayed)
        shapes = [TOKEN.sub("#", line) for line in old], [TOKEN.sub("#", line) for line in new]
        matcher = difflib.SequenceMatcher(None, *shapes, autojunk=False)
        for start, other, length in matcher.get_matching_blocks():
            for offset in range(length):
                pairs = zip(
                    TOKEN.findall(old[start + offset]),
                    TOKEN.findall(new[other + offset]),
                    strict=False,
                )
                for was, now in pairs:
                    self._pair(was, now)

    def _pair(self, was: str, now: str) -> None:
        known = self._map.setdefault(was, now)
        if known != now:
            self._ambiguous.add(was)

    def put(self, text: str) -> tuple[str, list[str]]:
        """`text` with the replayed tokens; and the words that could stand for several."""
        doubtful: list[str] = []

        def replace(match: re.Match[str]) -> str:
            word = match[0]
            if word in self._ambiguous:
                doubtful.append(word)
                return word
            if word in self._map:
                return self._map[word]
            if len(word) < SHORTEST_PREFIX or not HEX.match(word):
                return word
            fits = {
                new
                for old, new in self._map.items()
                if len(old) >= LONG and HEX.match(old) and old.startswith(word)
            }
            cut = {new[: len(word)] for new in fits}
            if len(cut) > 1:
                doubtful.append(word)
            return cut.pop() if len(cut) == 1 else word

        return WORD.sub(replace, text), doubtful


def _lines(output: str) -> list[str]:
    return ESCAPES.sub("", output).replace("\r", "").split("\n")
