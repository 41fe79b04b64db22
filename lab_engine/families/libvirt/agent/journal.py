"""What libvirt told of its domains (virDomainEventType and its details)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import libvirt
import msgspec

from lab_engine.common.happening import HappeningsReading
from lab_engine.common.probe import Probe
from lab_engine.families.journal import Chronicler, Journal
from lab_engine.families.libvirt.agent.connection import listen
from lab_engine.families.libvirt.probes.domain import DomainEventsProbe

JOURNAL: Final = Journal("libvirt")
LIFE: Final = (
    ("defined", ("added", "updated", "renamed", "from_snapshot")),
    ("undefined", ("removed", "renamed")),
    ("started", ("booted", "migrated", "restored", "from_snapshot", "wakeup")),
    ("suspended", ("paused", "migrated", "ioerror", "watchdog", "restored", "from_snapshot",
                   "api_error", "postcopy", "postcopy_failed")),
    ("resumed", ("unpaused", "migrated", "from_snapshot", "postcopy", "postcopy_failed")),
    ("stopped", ("shutdown", "destroyed", "crashed", "migrated", "saved", "failed",
                 "from_snapshot")),
    ("shutdown", ("finished", "guest", "host")),
    ("pmsuspended", ("memory", "disk")),
    ("crashed", ("panicked", "crashloaded")),
)  # fmt: skip
"""Words by libvirt's numbers (libvirt-domain.h)."""


class LibvirtChronicler(Chronicler):
    def listen(self) -> None:
        listen(self.stopping, self._register)

    def _register(self, connection: Any) -> None:
        def lived(_: Any, domain: Any, event: int, detail: int, __: Any) -> None:
            action, details = LIFE[event] if event < len(LIFE) else (str(event), ())
            why = details[detail] if detail < len(details) else str(detail)
            self._keep(domain, action, {"why": why})

        def rebooted(_: Any, domain: Any, __: Any) -> None:
            self._keep(domain, "rebooted", {})

        def device(action: str) -> Any:
            return lambda _, domain, alias, __: self._keep(domain, action, {"alias": alias})

        for number, callback in (
            (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lived),
            (libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, rebooted),
            (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, device("device-added")),
            (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, device("device-removed")),
        ):
            connection.domainEventRegisterAny(None, number, callback, None)
        self.journal.listening.set()

    def _keep(self, domain: Any, action: str, facts: dict[str, str]) -> None:
        # libvirt says no time; its event comes within a few milliseconds.
        self.journal.note(time.time(), "domain", action, domain.name(), domain.UUIDString(), facts)


def begin() -> None:
    LibvirtChronicler(JOURNAL).start()


def events(probe: DomainEventsProbe) -> HappeningsReading:
    return JOURNAL.told("domain", probe.domain)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {DomainEventsProbe: events}
