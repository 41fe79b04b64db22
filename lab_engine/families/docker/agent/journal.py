"""What the Docker engine told: the life of containers, and who mounted which volume.

The engine keeps its last 256 events and gives them to whoever asks from an earlier time on, so
nothing is missed when the stream breaks (moby, daemon/events/events.go, eventsLimit).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from lab_engine.common.happening import HappeningsReading
from lab_engine.common.probe import Probe
from lab_engine.families.docker.agent import stream
from lab_engine.families.docker.probes.engine import (
    DockerEventsProbe,
)
from lab_engine.families.journal import Chronicler, Journal

JOURNAL: Final = Journal("docker")
_NANO: Final = 1e9
_LABELS: Final = "."
"""What a label's key nearly always holds, and a fact of the engine's never."""


class DockerChronicler(Chronicler):
    def listen(self) -> None:
        # What is told twice, within the second of the latest one, the journal leaves out.
        told = stream.events(
            self.stopping,
            self.journal.listening.set,
            since=int(self.journal.latest),
            filters={"type": ["container", "volume", "network", "image"]},
        )
        for event in told:
            self._keep(event)

    def _keep(self, event: stream.Event) -> None:
        facts = {k: v for k, v in event.Actor.Attributes.items() if _LABELS not in k}
        if event.command:
            facts["command"] = event.command
        # A volume's own name is its id.
        name = facts.pop("name", "") or event.Actor.ID
        at = event.timeNano / _NANO
        self.journal.note(at, event.Type, event.action, name, event.Actor.ID, facts)


def begin() -> None:
    DockerChronicler(JOURNAL).start()


def events(probe: DockerEventsProbe) -> HappeningsReading:
    return JOURNAL.told(probe.kind, probe.subject)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {DockerEventsProbe: events}
