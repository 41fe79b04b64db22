"""Statements about virtual networks, and the cards of machines on them (client side)."""

from __future__ import annotations

from collections.abc import Mapping

from lab_engine.common.evidence import See, require
from lab_engine.families.libvirt.probes.domain import DomainInterface, DomainProbe
from lab_engine.families.libvirt.probes.guest import GuestInterfacesProbe
from lab_engine.families.libvirt.probes.network import VirtualNetworkProbe, VirtualNetworkReading
from lab_engine.families.libvirt.requirements.domains import When, known
from lab_engine.families.libvirt.resources import Reservation


async def require_virtual_network(
    see: See,
    name: str,
    *,
    mode: str = "",
    address: str = "",
    dhcp: tuple[str, str] | None = None,
    reserved: Mapping[str, str] | None = None,
    autostart: bool | None = None,
) -> VirtualNetworkReading:
    """Libvirt has a network of this name that runs, as described now and at its next start.

        await require_virtual_network(see, v.network, mode="isolated", address="10.7.0.1/24")

    One round trip. What an interface really has is asked by `require_link`, with `bridge` of the
    answer.

    Reasons: `absent`, `not-started`, `transient`, `other-mode`, `other-address`, `no-dhcp`,
    `other-range`, `not-reserved`, `other-reservation`, `not-now` (only in its definition),
    `not-kept` (only now), `other-autostart`.

    Args:
        see: the check's way to ask.
        name: its name.
        mode: `nat`, `isolated`, `open`, `route`; empty for any.
        address: the bench's own there, as `10.7.0.1/24`; empty for any.
        dhcp: the first and the last address to give out; None for any, or none.
        reserved: MAC to address that DHCP must keep for it; others are allowed, too.
        autostart: whether libvirt must start it by itself; None for any.
    """
    found = await see(VirtualNetworkProbe(name))
    require(
        found.exists,
        "absent",
        expected=f"libvirt knows a network called {name}.",
        observed=f"There is no network called {name}.",
        look="virsh net-list --all",
    )
    require(
        found.active,
        "not-started",
        expected=f"The network {name} runs.",
        observed=f"{name} is defined, and was not started.",
        look="virsh net-list --all",
    )
    require(
        found.persistent,
        "transient",
        expected=f"{name} is defined, so that it is still there when it is stopped.",
        observed=f"{name} only runs; when it stops, libvirt forgets it.",
        look="virsh net-list --all",
    )
    look = f"virsh net-dumpxml {name}"
    _agree(name, "mode", mode, found.mode, found.config_mode)
    require(
        mode in ("", found.mode),
        "other-mode",
        expected=f"The mode of {name} is {mode}.",
        observed=f"It is {found.mode}.",
        look=look,
    )
    _agree(name, "address", address, found.address, found.config_address)
    require(
        address in ("", found.address),
        "other-address",
        expected=f"The bench has the address {address} in {name}.",
        observed=f"It has {found.address or 'none'}.",
        look=look,
    )
    if dhcp is not None:
        _agree(name, "range of DHCP", dhcp, found.dhcp, found.config_dhcp)
        require(
            found.dhcp,
            "no-dhcp",
            expected=f"{name} gives out the addresses {dhcp[0]} to {dhcp[1]}.",
            observed="It gives out none.",
            look=look,
        )
        require(
            found.dhcp == dhcp,
            "other-range",
            expected=f"{name} gives out the addresses {dhcp[0]} to {dhcp[1]}.",
            observed=f"It gives out {' to '.join(found.dhcp or ())}.",
            look=look,
        )
    for mac, wanted in (reserved or {}).items():
        now, kept = (_for(mac, all_) for all_ in (found.reservations, found.config_reservations))
        _agree(name, f"address kept for {mac}", wanted, now, kept)
        require(
            now,
            "not-reserved",
            expected=f"{name} keeps {wanted} for the card {mac}.",
            observed="It keeps no address for it.",
            look=look,
        )
        require(
            now == wanted,
            "other-reservation",
            expected=f"{name} keeps {wanted} for the card {mac}.",
            observed=f"It keeps {now} for it.",
            look=look,
        )
    require(
        autostart in (None, found.autostart),
        "other-autostart",
        expected=f"libvirt {'starts' if autostart else 'does not start'} {name} by itself.",
        observed=f"It does{'' if found.autostart else ' not'}.",
        look="virsh net-list --all",
    )
    return found


def _for(mac: str, reservations: tuple[Reservation, ...]) -> str:
    return next((one.address for one in reservations if one.mac == mac.lower()), "")


def _agree(name: str, what: str, wanted: object, now: object, kept: object) -> None:
    """Fail where one of the two is as wanted, and the other is not."""
    look = f"virsh net-dumpxml {name}; virsh net-dumpxml --inactive {name}"
    require(
        not wanted or wanted != kept or now == wanted,
        "not-now",
        expected=f"The {what} of {name} is {_words(wanted)} now.",
        observed=f"It is {_words(now)}; the definition, which counts at the next start, has it.",
        look=look,
    )
    require(
        not wanted or wanted != now or kept == wanted,
        "not-kept",
        expected=f"The {what} of {name} is {_words(wanted)} at its next start, too.",
        observed=f"Now it is; its definition says {_words(kept)}.",
        look=look,
    )


def _words(value: object) -> str:
    return " to ".join(value) if isinstance(value, tuple) else str(value or "none")


async def require_card(
    see: See,
    name: str,
    network: str,
    *,
    mac: str = "",
    address: str = "",
    when: When = "both",
) -> DomainInterface:
    """A VM has a network card on this network. One round trip.

        await require_card(see, v.vm, v.network, mac=v.mac, address="10.7.0.11")

    With `address` the guest itself must have it at that card, and DHCP must have given it.

    Reasons: `absent`, `no-network`, `no-card` (neither now nor later), `not-attached` (not now),
    `not-kept` (gone at the next start), `other-mac`, `silent`, `no-address`, `other-address`,
    `not-leased` (set by hand).

    Args:
        see: the check's way to ask.
        name: the VM.
        network: the virtual network.
        mac: of the card; empty for any.
        address: without prefix length; empty for any, or none.
        when: now, at the next start, or both; now only of a VM that runs.
    """
    found, net, inside = await see(
        DomainProbe(name), VirtualNetworkProbe(network), GuestInterfacesProbe(name)
    )
    known(found, name, persistent=False)
    require(
        net.exists,
        "no-network",
        expected=f"There is a network {network}.",
        observed="libvirt knows none of that name.",
        look="virsh net-list --all",
    )
    now = [card for card in found.interfaces if card.network == network]
    kept = [card for card in found.config_interfaces if card.network == network]
    look = f"virsh domiflist {name}; virsh domiflist --inactive {name}"
    live = when != "kept" and found.id != 0
    require(
        now or kept,
        "no-card",
        expected=f"{name} has a network card on {network}.",
        observed="It has none there.",
        look=look,
    )
    if mac:
        macs = sorted({card.mac for card in (*now, *kept)})
        require(
            mac.lower() in macs,
            "other-mac",
            expected=f"{name} has a card with the MAC address {mac} on {network}.",
            observed=f"What it has there is {', '.join(macs)}.",
            look=look,
        )
        now, kept = ([card for card in all_ if card.mac == mac.lower()] for all_ in (now, kept))
    require(
        now or not live,
        "not-attached",
        expected=f"{name} has its card on {network} now.",
        observed="It will have it at its next start.",
        look=look,
    )
    require(
        kept or when == "now",
        "not-kept",
        expected=f"{name} has its card on {network} at its next start, too.",
        observed="It has it now, and its definition does not have it.",
        look=look,
    )
    card = next(iter((*now, *kept)))
    if address:
        require(
            inside.answers,
            "silent",
            expected=f"The guest in {name} has booted, and its agent answers.",
            observed="The guest agent does not answer.",
            look=f"virsh list --all; virsh guestinfo {name} || true",
        )
        seen = next((one.addresses for one in inside.cards if one.mac.lower() == card.mac), ())
        has = [one.partition("/")[0] for one in seen if "." in one]
        inner = f"virsh domifaddr {name} --source agent"
        require(
            has,
            "no-address",
            expected=f"In {name}, the card {card.mac} has the address {address}.",
            observed="It has none.",
            look=inner,
        )
        require(
            address in has,
            "other-address",
            expected=f"In {name}, the card {card.mac} has the address {address}.",
            observed=f"It has {', '.join(has)}.",
            look=inner,
        )
        require(
            net.lease(card.mac) == address,
            "not-leased",
            expected=f"The network {network} gave {address} to {name}.",
            observed=f"It gave it {net.lease(card.mac) or 'none'}.",
            look=f"virsh net-dhcp-leases {network}",
        )
    return card
