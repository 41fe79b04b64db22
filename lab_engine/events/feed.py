"""Starts the sources that somebody listens to, and hands their news to the agent's loop."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterable
from typing import Final

from lab_engine.events.source import Source

SOURCES: Final = {
    "docker": "lab_engine.events.docker:DockerEvents",
    "libvirt": "lab_engine.events.libvirt:LibvirtEvents",
    "link": "lab_engine.events.netlink:NetlinkEvents",
    "address": "lab_engine.events.netlink:NetlinkEvents",
    "route": "lab_engine.events.netlink:NetlinkEvents",
    "nft": "lab_engine.events.netlink:NetlinkEvents",
    "file": "lab_engine.events.files:FileEvents",
    "mount": "lab_engine.events.files:FileEvents",
    "netns": "lab_engine.events.files:FileEvents",
    "process": "lab_engine.events.programs:ProgramEvents",
}
"""The source of each topic; of `docker:container` the part before the colon counts."""

FOLD_SECONDS: Final = 0.005
"""News of one topic within this time is told once: a container start is a dozen events."""


class Feed:
    """One per agent. `tell(topic, subject)` is called on the loop."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._sources: dict[str, Source] = {}
        self._folded: dict[str, str] = {}

    async def listen(self, topics: Iterable[str]) -> None:
        """Make sure that the sources of these topics run. Unknown topics have none."""
        for topic in topics:
            target = SOURCES.get(topic.partition(":")[0])
            if target and target not in self._sources:
                module, _, name = target.partition(":")
                loaded = await asyncio.to_thread(importlib.import_module, module)
                source: Source = getattr(loaded, name)(self._publish)
                if target not in self._sources:
                    self._sources[target] = source
                    source.start()

    def _publish(self, topic: str, subject: str) -> None:
        self._loop.call_soon_threadsafe(self._fold, topic, subject)

    def _fold(self, topic: str, subject: str) -> None:
        if not self._folded:
            self._loop.call_later(FOLD_SECONDS, self._flush)
        self._folded[topic] = subject

    def _flush(self) -> None:
        folded, self._folded = self._folded, {}
        for topic, subject in folded.items():
            self._tell(topic, subject)

    def close(self) -> None:
        for source in self._sources.values():
            source.stop()
