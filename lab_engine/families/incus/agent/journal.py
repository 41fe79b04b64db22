"""What Incus told: the life of instances, projects and certificates, and who asked for it.

The daemon keeps no events: what was told while nobody listened is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from lab_engine.common.happening import HappeningsReading
from lab_engine.common.probe import Probe
from lab_engine.families.incus.agent import stream
from lab_engine.families.incus.agent.rental import moment
from lab_engine.families.incus.probes import IncusEventsProbe
from lab_engine.families.incus.resources import local_name
from lab_engine.families.journal import Chronicler, Journal

JOURNAL: Final = Journal("incus")


class IncusChronicler(Chronicler):
    def listen(self) -> None:
        for event in stream.events(self.stopping, self.journal.listening.set):
            self._keep(event)

    def _keep(self, event: stream.Event) -> None:
        told = event.metadata
        # `instance-created`, `instance-snapshot-created`: the last word is what was done.
        kind, _, action = told.action.rpartition("-")
        project = told.project or event.project
        last = told.source.rpartition("/")[2].partition("?")[0]
        name = local_name(project, told.name) if told.name else last
        facts = {"project": project}
        if told.requestor:
            facts |= {
                "protocol": told.requestor.protocol,
                "username": told.requestor.username,
                "address": told.requestor.address,
            }
        self.journal.note(moment(event.timestamp), kind, action, name, told.source, facts)


def begin() -> None:
    IncusChronicler(JOURNAL).start()


def events(probe: IncusEventsProbe) -> HappeningsReading:
    return JOURNAL.told(probe.kind, probe.subject)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {IncusEventsProbe: events}
