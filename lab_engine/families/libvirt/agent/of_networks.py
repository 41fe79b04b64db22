"""Answers the probes of virtual networks, by libvirt's API."""

from __future__ import annotations

import ipaddress
from xml.etree import ElementTree as ET

import libvirt

from lab_engine.families.libvirt.agent import marks
from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.libvirt.probes.network import (
    Lease,
    VirtualNetworkProbe,
    VirtualNetworkReading,
    VirtualNetworksProbe,
    VirtualNetworksReading,
)
from lab_engine.families.libvirt.resources import Reservation


def virtual_network(probe: VirtualNetworkProbe) -> VirtualNetworkReading:
    with told(f"looking at the virtual network {probe.network}"):
        network = found(connect().networkLookupByName, probe.network)
        if network is None:
            return VirtualNetworkReading(exists=False)
        root = parsed(network.XMLDesc(0))
        active, persistent = bool(network.isActive()), bool(network.isPersistent())
        config = parsed(network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)) if persistent else root
        leases = network.DHCPLeases(None, 0) if active else []
        autostart = persistent and bool(network.autostart())
        uuid = network.UUIDString()
    bridge, domain_name = root.find("bridge"), root.find("domain")
    return VirtualNetworkReading(
        active=active,
        persistent=persistent,
        autostart=autostart,
        uuid=uuid,
        mode=_mode(root),
        bridge="" if bridge is None else bridge.get("name", ""),
        address=_address(root.find("ip")),
        dhcp=_range(root),
        domain="" if domain_name is None else domain_name.get("name", ""),
        reservations=_reservations(root),
        config_mode=_mode(config),
        config_address=_address(config.find("ip")),
        config_dhcp=_range(config),
        config_reservations=_reservations(config),
        leases=tuple(
            Lease(lease["ipaddr"], lease["mac"], lease.get("hostname") or "", lease["expirytime"])
            for lease in sorted(leases, key=lambda lease: str(lease["ipaddr"]))
        ),
    )


def virtual_networks(probe: VirtualNetworksProbe) -> VirtualNetworksReading:
    with told("listing virtual networks"):
        found_there = sorted(connect().listAllNetworks(0), key=lambda one: str(one.name()))
        return VirtualNetworksReading(
            tuple(one.name() for one in found_there),
            tuple(one.name() for one in found_there if marks.of_network(one)[0]),
        )


def _mode(root: ET.Element) -> str:
    forward = root.find("forward")
    return "isolated" if forward is None else forward.get("mode", "nat")


def _range(root: ET.Element) -> tuple[str, str] | None:
    given = root.find("ip/dhcp/range")
    return None if given is None else (given.get("start", ""), given.get("end", ""))


def _reservations(root: ET.Element) -> tuple[Reservation, ...]:
    return tuple(
        Reservation(one.get("mac", "").lower(), one.get("ip", ""), one.get("name", ""))
        for one in root.findall("ip/dhcp/host")
    )


def _address(element: ET.Element | None) -> str:
    if element is None:
        return ""
    address = element.get("address", "")
    mask = element.get("prefix") or element.get("netmask") or "32"
    return f"{address}/{ipaddress.ip_network(f'0.0.0.0/{mask}').prefixlen}"
