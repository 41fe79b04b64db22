"""The stream in which the Docker engine tells its events, for those who wait for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import docker
import msgspec

from lab_engine.families.docker.agent.engine import API_VERSION, SOCKET
from lab_engine.families.docker.agent.inside import OUR_EXECS
from lab_engine.families.docker.family import FAMILY
from lab_engine.kernel import sockets

SECONDS: Final = 3600
"""A stream that is silent so long is opened anew."""
READS: Final = frozenset({"exec_create", "archive-path", "attach", "export", "resize", "top"})
"""What only looks, or only prepares."""


class Actor(msgspec.Struct):
    """The thing that it happened to."""

    ID: str = ""
    Attributes: dict[str, str] = {}


class Event(msgspec.Struct):
    """One event, with the engine's own names (Engine API, "Monitor events")."""

    Type: str = ""
    Action: str = ""
    timeNano: int = 0
    Actor: Actor = msgspec.field(default_factory=Actor)

    @property
    def action(self) -> str:
        """What was done. An exec's has its command behind it: `exec_start: sh -c ...`."""
        return self.Action.partition(":")[0]

    @property
    def command(self) -> str:
        return self.Action.partition(": ")[2]


def events(
    stopping: threading.Event, opened: Callable[[], None] = lambda: None, **wanted: Any
) -> Iterator[Event]:
    """What is told until `stopping` is set or the stream breaks, but for what only looks.

    Nothing when the engine does not run. `opened` is called when no event can be missed any more;
    `wanted` goes to the engine (`since`, `filters`).
    """
    if FAMILY.daemon is None or not sockets.answers(FAMILY.daemon.socket):
        return
    client = docker.APIClient(base_url=f"unix://{SOCKET}", version=API_VERSION, timeout=SECONDS)
    decoder = msgspec.json.Decoder(Event)
    try:
        stream = client.events(**wanted)
        opened()
        for data in stream:
            if stopping.is_set():
                return
            # Several events may come in one piece.
            for line in data.splitlines():
                event = decoder.decode(line)
                ours = event.Actor.Attributes.get("execID") in OUR_EXECS
                if event.action not in READS and not ours:
                    yield event
    except (TimeoutError, OSError):
        return
    finally:
        client.close()
