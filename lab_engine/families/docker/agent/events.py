"""The Docker engine's events: containers, networks, volumes, images, and execs in containers."""

from __future__ import annotations

import docker
import msgspec

from lab_engine.families.docker.agent.engine import API_VERSION, SOCKET
from lab_engine.families.docker.agent.inside import OUR_EXECS
from lab_engine.families.docker.family import FAMILY
from lab_engine.families.source import Source
from lab_engine.kernel import sockets

SECONDS = 3600
"""A stream that is silent so long is opened anew."""

READS = frozenset({"exec_create", "archive-path", "attach", "export", "resize", "top"})
"""What only looks, or only prepares."""
INSIDE = frozenset({"exec_start", "exec_die", "exec_detach", "extract-to-dir"})


class _Actor(msgspec.Struct):
    Attributes: dict[str, str] = {}


class _Event(msgspec.Struct):
    Type: str = ""
    Action: str = ""
    Actor: _Actor = msgspec.field(default_factory=_Actor)


class DockerEvents(Source):
    topics = ("docker",)

    def listen(self) -> None:
        if FAMILY.daemon is None or not sockets.answers(FAMILY.daemon.socket):
            return
        client = docker.APIClient(base_url=f"unix://{SOCKET}", version=API_VERSION, timeout=SECONDS)
        decoder = msgspec.json.Decoder(_Event)
        try:
            for data in client.events():
                if self.stopping.is_set():
                    return
                # Several events may come in one piece.
                for line in data.splitlines():
                    self._tell(decoder.decode(line))
        except (TimeoutError, OSError):
            return
        finally:
            client.close()

    def _tell(self, event: _Event) -> None:
        # An exec's action has its command behind it: `exec_start: sh -c ...`.
        action = event.Action.partition(":")[0]
        facts = event.Actor.Attributes
        if action in READS or facts.get("execID") in OUR_EXECS:
            return
        topic = "docker:exec" if action in INSIDE else f"docker:{event.Type}"
        self.publish(topic, facts.get("name", ""))
