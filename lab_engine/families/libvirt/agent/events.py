"""Libvirt's events: domains (lifecycle, devices, memory, blocks), networks, pools."""

from __future__ import annotations

from typing import Any, Final

import libvirt

from lab_engine.families.libvirt.agent.connection import listen
from lab_engine.families.source import Source

DOMAIN_EVENTS: Final = (
    libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
    libvirt.VIR_DOMAIN_EVENT_ID_REBOOT,
    libvirt.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE,
    libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
    libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
    libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
    libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
    libvirt.VIR_DOMAIN_EVENT_ID_BLOCK_JOB,
    libvirt.VIR_DOMAIN_EVENT_ID_TUNABLE,
)


class LibvirtEvents(Source):
    topics = ("libvirt",)

    def listen(self) -> None:
        listen(self.stopping, self._register)

    def _register(self, connection: Any) -> None:
        def told(topic: str) -> Any:
            def callback(_: Any, thing: Any, *__: Any) -> None:
                self.publish(topic, thing.name())

            return callback

        for event in DOMAIN_EVENTS:
            connection.domainEventRegisterAny(None, event, told("libvirt:domain"), None)
        connection.networkEventRegisterAny(
            None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, told("libvirt:network"), None
        )
        for event in (
            libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
            libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH,
        ):
            connection.storagePoolEventRegisterAny(None, event, told("libvirt:pool"), None)
