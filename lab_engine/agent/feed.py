"""Starts the sources that somebody listens to, and hands their news to the agent's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from lab_engine.families.registry import FAMILIES
from lab_engine.families.source import Source

SOURCES: Final = {
    topic: (family, target)
    for family in FAMILIES.values()
    for topic, target in family.topics.items()
}
"""The source of each topic; of `docker:container` the part before the colon counts."""
FOLD_SECONDS: Final = 0.005
"""News of one topic within this time is told once: a container start is a dozen events."""


class Feed:
    """One per agent. `tell(topic, subject)` is called on the loop."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._sources: dict[tuple[str, str], Source] = {}
        self._folded: dict[str, str] = {}

    async def listen(self, topics: Iterable[str]) -> None:
        """Make sure that the sources of these topics run. Unknown topics have none."""
        for topic in topics:
            found = SOURCES.get(topic.partition(":")[0])
            if found is None:
                continue
            family, target = found
            key = (family.name, target)
            if key not in self._sources:
                # The import of a daemon's library blocks for a moment.
                kind = await asyncio.to_thread(family.part, target)
                if key not in self._sources:
                    self._sources[key] = kind(self._publish)
                    self._sources[key].start()

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
