"""From where in the bench something is asked: a short text that names one network namespace.

`bench` is the bench itself, `host:<name>` a named network namespace (a Host of the step, or what
`ip netns add` made), `container:<name>` a running container, `pid:<number>` where a process is.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Place = str

BENCH: Place = "bench"
KINDS = ("bench", "host", "container", "pid")


class Parsed(NamedTuple):
    kind: Literal["bench", "host", "container", "pid"]
    name: str


def host(name: str) -> Place:
    return f"host:{name}" if name else BENCH


def container(name: str) -> Place:
    return f"container:{name}"


def process(pid: int) -> Place:
    return f"pid:{pid}"


def parse(place: Place) -> Parsed:
    """Read a place. Raises ValueError that says what places look like."""
    kind, colon, name = place.partition(":")
    if kind not in KINDS or (kind == "bench") == bool(colon) or (colon and not name):
        raise ValueError(
            f"{place!r} is no place; write bench, host:NAME, container:NAME or pid:NUMBER"
        )
    if kind == "pid" and not name.isdecimal():
        raise ValueError(f"{place!r} is no place: {name!r} is no number")
    if "/" in name or name in (".", ".."):
        raise ValueError(f"{place!r} is no place: a name has no slash")
    return Parsed(kind, name)  # type: ignore[arg-type]


def words(place: Place) -> str:
    """The place in a sentence: `the bench`, `container web`."""
    kind, name = parse(place)
    return {"bench": "the bench", "pid": f"process {name}"}.get(kind, f"{kind} {name}")


def prefix(place: Place) -> str:
    """What a learner writes before a command to run it there; empty for the bench."""
    kind, name = parse(place)
    return {
        "bench": "",
        "host": f"sudo ip netns exec {name} ",
        "container": f"docker exec {name} ",
        "pid": f"sudo nsenter -t {name} -n ",
    }[kind]


class Placed:
    """A probe that has a `place`; raises ValueError for a text that is none."""

    __slots__ = ()
    place: Place

    def __post_init__(self) -> None:
        parse(self.place)
