"""Recordings as data: asciicast v2 files with our marks, and the groups that a replay types."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal

import msgspec

from lab_engine.errors import InfralabError

PAUSE_SECONDS: Final = 0.7
"""Input after a pause of this length is a group of its own: the learner looked at something."""
ENDS: Final = frozenset("\r\n\x03\x04\x1a")
"""Return, Ctrl-C, Ctrl-D and Ctrl-Z end a group: something answers them."""
AWAITED: Final = 400
VERSION: Final = 2
"""Of asciicast."""
SIZE: Final = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})\Z")
CONTROL: Final = re.compile(r"[\x00-\x1f]")


class Unreadable(InfralabError):
    """A recording that is missing, damaged, or none of ours."""


class CastEvent(msgspec.Struct, frozen=True):
    """`at` is in seconds since 1970; `code` is `i`, `o`, `r` or `m`."""

    at: float
    code: Literal["i", "o", "r", "m"]
    data: str

    def mark(self) -> Mark:
        """The facts of a mark. Raises Unreadable when they cannot be read."""
        try:
            return msgspec.json.decode(self.data, type=Mark)
        except (ValueError, RecursionError) as error:
            raise Unreadable(
                f"a mark in the recording cannot be read: {error}",
                hint="It was cut off or changed since.",
            ) from error


class Mark(msgspec.Struct, frozen=True):
    """What the recorder noted beside the bytes; see `recorder.py` for which fields go together."""

    mark: Literal["prompt", "command", "hidden", "exit", "files", "end"]
    code: int | None = None
    files: dict[str, str] = {}


class Cast(msgspec.Struct, frozen=True):
    """One recorded terminal. `place` is where its shell ran, `argv` what was started."""

    name: str
    place: str
    argv: tuple[str, ...]
    rows: int
    columns: int
    began: float
    events: tuple[CastEvent, ...]


class Group(msgspec.Struct, frozen=True):
    """Input that was typed in one go, and what followed it until the next input.

    `at` is when its last key was hit. `prompt` whether the shell waited for a command when the next
    input came; `busy` whether a program had the terminal in between; `hidden` whether input was
    typed that is not recorded; `codes` what the prompts said that commands ended with; `awaited`
    the end of what was printed. These are of the time of the next input in any terminal, `output`
    is all until the next input in this one. `seconds` is the time until the next input in any,
    `idle` the part of it in which nothing was printed any more.
    """

    shell: int
    at: float
    text: str
    output: str
    prompt: bool
    busy: bool
    seconds: float
    idle: float
    hidden: bool = False
    codes: tuple[int, ...] = ()
    awaited: str = ""


class Resize(msgspec.Struct, frozen=True):
    """The terminal was given another size."""

    shell: int
    at: float
    rows: int
    columns: int


class _Ours(msgspec.Struct):
    place: str
    argv: tuple[str, ...]
    began: float


class _Header(msgspec.Struct):
    version: int
    width: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    height: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    infralab: _Ours | None = None


def read_cast(name: str, data: bytes) -> Cast:
    """Parse one recording. A torn last line is left out.

    Raises Unreadable that names the recording and the line.
    """
    lines = data.split(b"\n")
    if lines and not data.endswith(b"\n"):
        # The recorder writes line by line: where it was killed, the last one is torn at most.
        lines.pop()
    ours, header = _header(name, lines[0] if lines else b"")
    decoder = msgspec.json.Decoder(tuple[float, Literal["i", "o", "r", "m"], str])
    events = []
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        try:
            seconds, code, text = decoder.decode(line)
        except (ValueError, RecursionError) as error:
            raise _unreadable(name, number, str(error)) from error
        events.append(CastEvent(ours.began + seconds, code, text))
    return Cast(name, ours.place, ours.argv, header.height, header.width, ours.began, tuple(events))


def _header(name: str, line: bytes) -> tuple[_Ours, _Header]:
    if not line:
        raise _unreadable(name, 1, "it is empty")
    try:
        header = msgspec.json.decode(line, type=_Header)
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, 1, f"it is no header of a recording: {error}") from error
    if header.version != VERSION:
        raise _unreadable(
            name,
            1,
            f"it is of version {header.version} of asciicast, not {VERSION}",
            hint="Replay it with the infralab that recorded it.",
        )
    if header.infralab is None:
        raise _unreadable(name, 1, "another program made it", hint="Only infralab's own will do.")
    return header.infralab, header


def _unreadable(
    name: str, line: int, why: str, *, hint: str = "It was cut off or changed since."
) -> Unreadable:
    return Unreadable(f"the recording {name} cannot be read: line {line}: {why}", hint=hint)


def groups(
    cast: Cast, shell: int, breaks: Iterable[float] = (), elsewhere: Iterable[float] = ()
) -> list[Group]:
    """The input of one terminal, cut where something answers it.

    Args:
        cast: the recording.
        shell: its number.
        breaks: moments (seconds since 1970) that no group may span, such as the start of a step.
        elsewhere: when something was typed into other terminals: what a group is followed by may
            be the answer to that.

    Raises Unreadable when a mark cannot be read.
    """
    cuts, others = sorted(breaks), sorted(elsewhere)
    typed: list[_Typed] = []
    at_prompt = True
    for event in cast.events:
        if typed:
            typed[-1].turn_away(others, event.at, at_prompt=at_prompt)
        if event.code == "m":
            facts = event.mark()
            if facts.mark == "prompt":
                at_prompt = True
            elif facts.mark == "command":
                at_prompt = False
                if typed:
                    typed[-1].busy = True
            elif facts.mark == "hidden":
                typed.append(_Typed(event.at, "", at_prompt, hidden=True))
            elif facts.mark == "exit" and typed and facts.code is not None:
                typed[-1].codes.append(facts.code)
        elif event.code == "o" and typed:
            typed[-1].output += event.data
            typed[-1].heard = event.at
        elif event.code == "i":
            if not typed or typed[-1].is_over(event, cuts):
                typed.append(_Typed(event.at, "", at_prompt))
            typed[-1].text += event.data
            typed[-1].last = typed[-1].heard = event.at
            # Typed on here after all: what was noted belongs to an earlier key.
            typed[-1].left = None
    if not typed:
        return []
    ends = [*((one.began, one.began_at_prompt) for one in typed[1:]), (None, at_prompt)]
    return [
        one.group(shell, after, prompt=prompt)
        for one, (after, prompt) in zip(typed, ends, strict=True)
    ]


def sizes(cast: Cast, shell: int) -> list[Resize]:
    """Each new size. One that cannot be read is left out: it changes no command."""
    return [
        Resize(shell, event.at, int(found[2]), int(found[1]))
        for event in cast.events
        if event.code == "r" and (found := SIZE.match(event.data))
    ]


def files(casts: Iterable[Cast], until: float) -> dict[str, str] | None:
    """The files below the work folder at that time, path to digest; None when nobody looked."""
    latest: tuple[float, dict[str, str] | None] = (0.0, None)
    for cast in casts:
        for event in cast.events:
            if event.code == "m" and latest[0] < event.at < until:
                facts = event.mark()
                if facts.mark == "files":
                    latest = (event.at, facts.files)
    return latest[1]


class _Left(msgspec.Struct, frozen=True):
    """How a terminal was when the learner went on in another one."""

    at: float
    prompt: bool
    codes: int
    printed: int
    heard: float


class _Typed:
    def __init__(
        self, at: float, text: str, began_at_prompt: bool, *, hidden: bool = False
    ) -> None:
        self.began, self.last, self.heard = at, at, at
        self.text, self.output = text, ""
        self.began_at_prompt = began_at_prompt
        self.busy = False
        self.hidden = hidden
        self.codes: list[int] = []
        self.left: _Left | None = None

    def turn_away(self, others: Sequence[float], now: float, *, at_prompt: bool) -> None:
        """Note the state before an event at `now`, when something was typed elsewhere by then."""
        after = bisect.bisect_right(others, self.last)
        # From then on, what comes may be the answer to what was typed there.
        if self.left is None and after < len(others) and others[after] <= now:
            self.left = _Left(
                others[after], at_prompt, len(self.codes), len(self.output), self.heard
            )

    def group(self, shell: int, after: float | None, *, prompt: bool) -> Group:
        """`after` is when the next group of this terminal began, and `prompt` its state then."""
        left = self.left or _Left(
            self.heard if after is None else after,
            prompt,
            len(self.codes),
            len(self.output),
            self.heard,
        )
        return Group(
            shell,
            self.last,
            self.text,
            self.output,
            left.prompt,
            self.busy,
            max(0.0, left.at - self.last),
            max(0.0, left.at - left.heard),
            self.hidden,
            tuple(self.codes[: left.codes]),
            self.output[: left.printed][-AWAITED:],
        )

    def is_over(self, event: CastEvent, cuts: Sequence[float]) -> bool:
        """Whether the next input begins a new group.

        A pause in plain typing does not: nothing answers it, and it may split a word.
        """
        keys = bool(CONTROL.search(self.text[-1:] + event.data[:1]))
        return (
            self.hidden
            or bool(ENDS & set(self.text[-1:]))
            or (keys and event.at - self.heard > PAUSE_SECONDS)
            or any(self.began < cut <= event.at for cut in cuts)
        )
