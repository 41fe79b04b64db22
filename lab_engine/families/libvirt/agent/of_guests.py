"""Answers the probes of what is in a guest, by its agent."""

from __future__ import annotations

import time
from typing import Final

from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.guests.agent_channel import (
    AgentChannel,
    GuestRefused,
    GuestSilent,
)
from lab_engine.families.libvirt.probes.guest import (
    GuestCard,
    GuestCommandProbe,
    GuestCommandReading,
    GuestFileProbe,
    GuestFileReading,
    GuestInterfacesProbe,
    GuestInterfacesReading,
)

FILE_LIMIT: Final = 64 << 10


def channel_of(name: str) -> AgentChannel | None:
    with told(f"looking for VM {name}"):
        it = found(connect().lookupByName, name)
        return AgentChannel(it) if it is not None and it.isActive() else None


def guest_command(probe: GuestCommandProbe) -> GuestCommandReading:
    channel = channel_of(probe.domain)
    if channel is None:
        return GuestCommandReading(ran=False, why=f"VM {probe.domain} does not run")
    try:
        result = channel.run(probe.command, seconds=probe.seconds)
    except (GuestSilent, GuestRefused) as error:
        return GuestCommandReading(ran=False, why=error.message)
    return GuestCommandReading(code=result.code, out=result.out, err=result.err, at=time.time())


def guest_file(probe: GuestFileProbe) -> GuestFileReading:
    channel = channel_of(probe.domain)
    if channel is None:
        return GuestFileReading(exists=False, answers=False)
    try:
        data = channel.read_file(probe.path, FILE_LIMIT)
    except GuestSilent:
        return GuestFileReading(exists=False, answers=False)
    if data is None:
        return GuestFileReading(exists=False)
    return GuestFileReading(text=data.decode(errors="replace"))


def guest_interfaces(probe: GuestInterfacesProbe) -> GuestInterfacesReading:
    channel = channel_of(probe.domain)
    if channel is None:
        return GuestInterfacesReading(answers=False)
    try:
        cards = channel.interfaces()
    except (GuestSilent, GuestRefused):
        return GuestInterfacesReading(answers=False)
    return GuestInterfacesReading(
        cards=tuple(GuestCard(card.name, card.mac, card.addresses) for card in cards)
    )
