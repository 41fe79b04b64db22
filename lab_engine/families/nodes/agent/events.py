"""What the engines of nodes tell, each followed by a thread of its own."""

from __future__ import annotations

import threading
from typing import Final

import msgspec

from lab_engine.families.nodes.agent.folder import FOLDER
from lab_engine.families.source import RETRY_SECONDS, Source

SECONDS: Final = 3600
"""A stream that is silent so long is opened anew."""


class NodeEvents(Source):
    topics = ("node",)

    def listen(self) -> None:
        # A bench without nodes: returning would publish a resync each second.
        while not FOLDER.is_dir():
            if self.stopping.wait(RETRY_SECONDS):
                return
        # Docker's library is for benches that have a node.
        from lab_engine.families.nodes.agent import at

        threads: dict[str, threading.Thread] = {}
        while FOLDER.is_dir() and not self.stopping.wait(RETRY_SECONDS):
            for one in at.containers():
                name = at.name_of(one)
                running = one["State"] == "running"
                if running and not (name in threads and threads[name].is_alive()):
                    threads[name] = threading.Thread(
                        target=self._follow, args=(name,), name=f"node {name}", daemon=True
                    )
                    threads[name].start()

    def _follow(self, name: str) -> None:
        """Until the node ends or the stream breaks; whoever started this starts it again."""
        import docker.errors

        from lab_engine.families.docker.agent.stream import READS, Event
        from lab_engine.families.nodes.agent import at

        decoder = msgspec.json.Decoder(Event)
        try:
            with at.engine(name, seconds=SECONDS) as api:
                self.publish("node", name)
                for data in api.events():
                    if self.stopping.is_set():
                        return
                    for line in data.splitlines():
                        if decoder.decode(line).action not in READS:
                            self.publish("node", name)
        except (at.Silent, docker.errors.APIError, OSError):
            self.publish("node", name)
