"""What the Docker engine told: the life of containers, and who mounted which volume.

The engine keeps its last 256 events and gives them to whoever asks from an earlier time on, so
nothing is missed when the stream breaks (moby, daemon/events/events.go, eventsLimit).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import docker
import msgspec

from lab_engine.common.happening import HappeningsReading
from lab_engine.common.probe import Probe
from lab_engine.families.docker.agent.engine import API_VERSION, SOCKET
from lab_engine.families.docker.agent.events import READS, SECONDS
from lab_engine.families.docker.agent.inside import OUR_EXECS
from lab_engine.families.docker.family import FAMILY
from lab_engine.families.docker.probes.engine import (
    DockerEventsProbe,
)
from lab_engine.families.journal import Chronicler, Journal
from lab_engine.kernel import sockets

JOURNAL: Final = Journal("docker")
_NANO: Final = 1e9
_LABELS: Final = "."
"""What a label's key nearly always holds, and a fact of the engine's never."""


class _Actor(msgspec.Struct):
    ID: str = ""
    Attributes: dict[str, str] = {}


class _Event(msgspec.Struct):
    Type: str = ""
    Action: str = ""
    timeNano: int = 0
    Actor: _Actor = msgspec.field(default_factory=_Actor)


class DockerChronicler(Chronicler):
    def listen(self) -> None:
        if FAMILY.daemon is None or not sockets.answers(FAMILY.daemon.socket):
            return
        client = docker.APIClient(base_url=f"unix://{SOCKET}", version=API_VERSION, timeout=SECONDS)
        decoder = msgspec.json.Decoder(_Event)
        try:
            # What is told twice, within the second of the latest one, the journal leaves out.
            stream = client.events(
                since=int(self.journal.latest),
                filters={"type": ["container", "volume", "network", "image"]},
            )
            self.journal.listening.set()
            for data in stream:
                if self.stopping.is_set():
                    return
                for line in data.splitlines():
                    self._keep(decoder.decode(line))
        except (TimeoutError, OSError):
            return
        finally:
            client.close()

    def _keep(self, event: _Event) -> None:
        action, _, command = event.Action.partition(": ")
        facts = {k: v for k, v in event.Actor.Attributes.items() if _LABELS not in k}
        if action in READS or facts.get("execID") in OUR_EXECS:
            return
        if command:
            facts["command"] = command
        # A volume's own name is its id.
        name = facts.pop("name", "") or event.Actor.ID
        self.journal.note(event.timeNano / _NANO, event.Type, action, name, event.Actor.ID, facts)


def begin() -> None:
    DockerChronicler(JOURNAL).start()


def events(probe: DockerEventsProbe) -> HappeningsReading:
    return JOURNAL.told(probe.kind, probe.subject)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {DockerEventsProbe: events}
