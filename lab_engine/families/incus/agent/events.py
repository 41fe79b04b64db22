"""Incus's events: instances, projects, settings, certificates."""

from __future__ import annotations

from lab_engine.families.incus.agent import stream
from lab_engine.families.source import Source


class IncusEvents(Source):
    topics = ("incus",)

    def listen(self) -> None:
        for event in stream.events(self.stopping):
            self.publish("incus", event.metadata.name)
