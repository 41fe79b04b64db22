"""The Docker engine's events: containers, networks, volumes, images, and execs in containers."""

from __future__ import annotations

import docker
import msgspec

from lab_engine.agent import daemons
from lab_engine.events.source import Source
from lab_engine.providers.docker.engine import API_VERSION, SOCKET

SECONDS = 3600
"""A stream that is silent so long is opened anew."""

QUIET = frozenset({"exec_create", "exec_die", "exec_detach"})


class _Actor(msgspec.Struct):
    Attributes: dict[str, str] = {}


class _Event(msgspec.Struct):
    Type: str = ""
    Action: str = ""
    Actor: _Actor = msgspec.field(default_factory=_Actor)


class DockerEvents(Source):
    topics = ("docker",)

    def listen(self) -> None:
        if not daemons.answers("docker"):
            return
        client = docker.APIClient(base_url=f"unix://{SOCKET}", version=API_VERSION, timeout=SECONDS)
        decoder = msgspec.json.Decoder(_Event)
        try:
            for data in client.events():
                if self.stopping.is_set():
                    return
                for line in data.splitlines():
                    self._tell(decoder.decode(line))
        except (TimeoutError, OSError):
            return
        finally:
            client.close()

    def _tell(self, event: _Event) -> None:
        action = event.Action.partition(":")[0]
        if event.Type == "container" and action in QUIET:
            topic = "docker:exec"
        else:
            topic = f"docker:{event.Type}"
        self.publish(topic, event.Actor.Attributes.get("name", ""))
