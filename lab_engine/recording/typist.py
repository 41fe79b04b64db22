"""Types recorded groups into the terminals of a fresh bench, with its own ids (client side)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from lab_engine.bench.shell import RECORDER
from lab_engine.common.patience import patient
from lab_engine.errors import InfralabError, UsageError
from lab_engine.recording.cast import Cast, Group, Resize
from lab_engine.recording.orders import Orders
from lab_engine.recording.tokens import WORD, Tokens
from lab_engine.session.session import Session

# How long a replay waits, and for what: docs/decisions/0004-replay.md.
LEAST_SECONDS: Final = 15.0
MOST_SECONDS: Final = 120.0
SLOWER: Final = 6.0
"""A fresh bench may be so many times slower than the learner's was."""
SHORT_PAUSE: Final = 0.2
LONG_PAUSE: Final = 2.0
"""The learner's own pauses are kept up to this: after what goes on in the background, longer."""
# One `&` that is not part of `&&`, `2>&1` or `&>file`.
BACKGROUND: Final = re.compile(r"(?<![&>])&(?![&>\d])|\bbg\b")
SHOWN: Final = 60

Say = Callable[[str], None]


class NotReplayable(InfralabError):
    """What cannot be typed again as it was: it goes to a person, with the evidence so far."""


class Typist:
    """The replayer in a bench, its terminals, and what was learned of tokens.

    `notes` collects what went otherwise than in
    the record without being a difference of verdicts.
    """

    def __init__(self, session: Session, casts: Sequence[Cast], say: Say) -> None:
        self.session = session
        self.casts = casts
        self.say = say
        self.tokens = Tokens(_values(session), _names(session))
        self.commands = 0
        self.notes: list[str] = []
        self._opened: set[int] = set()
        self._before: dict[int, tuple[str, str]] = {}
        self._orders = Orders(session.bench, "replayer.py")

    async def type(self, group: Group) -> None:
        """Type one group and wait for what followed it. Raises NotReplayable."""
        if group.hidden:
            raise NotReplayable(
                "something was typed that the terminal did not show, such as a password"
            )
        await self._open(group.shell)
        text, doubtful = self.tokens.put(group.text)
        if doubtful:
            raise NotReplayable(f"{doubtful[0]!r} was typed, which may stand for several things")
        answer = await self._orders.give(
            shell=group.shell,
            type=text,
            prompt=group.prompt,
            busy=group.busy,
            prompts=len(group.codes),
            limit=min(MOST_SECONDS, patient(max(LEAST_SECONDS, group.seconds * SLOWER))),
            tail=group.awaited,
            pause=min(group.idle, LONG_PAUSE if BACKGROUND.search(text) else SHORT_PAUSE),
        )
        self.commands += 1
        before = self._before.get(group.shell)
        # Printed after the last look: it is output of the piece before.
        if before and answer["late"]:
            self.tokens.learn(before[0], before[1] + str(answer["late"]))
        self._before[group.shell] = (group.output, str(answer["output"]))
        self.tokens.learn(group.output, str(answer["output"]))
        shown = text.strip()[:SHOWN]
        if not answer["reached"]:
            self._note(f"after {shown!r} the terminal is not where it was")
        elif group.codes and group.codes[-1:] != tuple(answer["codes"][-1:]):
            self._note(f"{shown!r} ended with {group.codes[-1]}, now with {answer['codes'][-1:]}")

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.say(text)

    async def resize(self, size: Resize) -> None:
        await self._open(size.shell)
        await self._orders.give(shell=size.shell, size=[size.rows, size.columns])

    async def _open(self, shell: int) -> None:
        if shell in self._opened:
            return
        cast = self.casts[shell]
        try:
            argv = self.session.shell_argv(cast.place)
        except UsageError as error:
            raise NotReplayable(f"the recording {cast.name}: {error.message}") from error
        # Past the recorder and its PLACE: the replayer has PTYs of its own.
        inner = argv[argv.index(RECORDER[-1]) + 2 :]
        # A recording that somebody changed must not choose what the replayer starts.
        if tuple(inner) != cast.argv:
            raise NotReplayable(f"the recording {cast.name} is not of a shell that infralab opens")
        self._opened.add(shell)
        await self._orders.give(shell=shell, open=inner, rows=cast.rows, columns=cast.columns)

    async def files(self) -> dict[str, str]:
        """The files below the work folder now, path to digest."""
        answer = await self._orders.give(files=True)
        found: dict[str, str] = answer["files"]
        return found

    async def close(self) -> None:
        """End the terminals, and what still runs in them."""
        await self._orders.close()


def _values(session: Session) -> set[str]:
    """The learner's values, and the words in them."""
    values = [str(value) for value in msgspec.structs.asdict(session.variables).values()]
    return {*values, *(word for value in values for word in WORD.findall(value))}


def _names(session: Session) -> set[str]:
    """The words of the lesson, such as the names that it asks for."""
    return {
        word
        for step in session.lesson.steps
        for word in WORD.findall(step.source.read_text(encoding="utf-8"))
    }
