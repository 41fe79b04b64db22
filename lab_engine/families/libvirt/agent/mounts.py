"""What is mounted in a guest, and what it is: asked of the kernel there, and of the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.libvirt.agent.of_guests import FILE_LIMIT, channel_of
from lab_engine.families.libvirt.guests.agent_channel import GuestSilent
from lab_engine.families.libvirt.probes.guest import GuestMountProbe, GuestMountReading
from lab_engine.kernel import mountinfo, superblock


def guest_mount(probe: GuestMountProbe) -> GuestMountReading:
    channel = channel_of(probe.domain)
    if channel is None:
        return GuestMountReading(exists=False, answers=False)
    try:
        table = channel.read_file("/proc/self/mountinfo", FILE_LIMIT)
        if table is None:
            return GuestMountReading(exists=False, answers=False)
        found = mountinfo.at(probe.target, mountinfo.parse(table.decode(errors="replace")))
        if found is None:
            return GuestMountReading(exists=False)
        on_device = found.source.startswith("/dev/")
        begin = channel.read_file(found.source, superblock.NEEDED) if on_device else None
    except GuestSilent:
        return GuestMountReading(exists=False, answers=False)
    said = superblock.read(begin or b"")
    return GuestMountReading(
        fstype=found.fstype,
        source=found.source,
        options=tuple(dict.fromkeys((*found.options, *found.super_options))),
        kind=said.kind,
        size=said.size,
    )


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    GuestMountProbe: guest_mount
}
