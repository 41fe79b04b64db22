"""The Docker engine's events: containers, networks, volumes, images, and execs in containers."""

from __future__ import annotations

from lab_engine.families.docker.agent import stream
from lab_engine.families.source import Source

INSIDE = frozenset({"exec_start", "exec_die", "exec_detach", "extract-to-dir"})


class DockerEvents(Source):
    topics = ("docker",)

    def listen(self) -> None:
        for event in stream.events(self.stopping):
            topic = "docker:exec" if event.action in INSIDE else f"docker:{event.Type}"
            self.publish(topic, event.Actor.Attributes.get("name", ""))
