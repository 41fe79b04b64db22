"""Makes virtual networks: a bridge with NAT or without, DHCP and DNS by dnsmasq."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final
from xml.etree import ElementTree as ET

from lab_engine.common import digest
from lab_engine.common.resource import Resource, Stage
from lab_engine.families.libvirt.agent import kept, marks
from lab_engine.families.libvirt.agent.connection import connect, found, told
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.libvirt.resources import VirtualNetwork
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

_DNSMASQ: Final = "http://libvirt.org/schemas/network/dnsmasq/1.0"
ET.register_namespace("dnsmasq", _DNSMASQ)


def network_xml(wanted: VirtualNetwork, made: ET.Element) -> str:
    """The network as libvirt reads it. Source: https://libvirt.org/formatnetwork.html."""
    root = ET.Element("network")
    ET.SubElement(root, "name").text = wanted.name
    ET.SubElement(root, "metadata").append(made)
    if wanted.mode != "isolated":
        ET.SubElement(root, "forward", mode=wanted.mode)
    bridge = {"name": wanted.bridge} if wanted.bridge else {}
    # With spanning tree a new port would wait for twice the delay before it forwards, and there is
    # no loop here.
    ET.SubElement(root, "bridge", {**bridge, "stp": "off", "delay": "0"})
    if wanted.domain:
        ET.SubElement(root, "domain", name=wanted.domain, localOnly="yes")
    mask = str(ipaddress.IPv4Network(wanted.subnet).netmask)
    address = ET.SubElement(root, "ip", address=wanted.gateway, netmask=mask)
    limits = wanted.range()
    if limits is not None:
        dhcp = ET.SubElement(address, "dhcp")
        ET.SubElement(dhcp, "range", start=limits[0], end=limits[1])
        for one in wanted.reservations:
            named = {"name": one.hostname} if one.hostname else {}
            ET.SubElement(dhcp, "host", {"mac": one.mac, **named, "ip": one.address})
    # dnsmasq pings an address for three seconds before it gives it out; here nobody else uses it.
    options = ET.SubElement(root, f"{{{_DNSMASQ}}}options")
    ET.SubElement(options, f"{{{_DNSMASQ}}}option", value="no-ping")
    return ET.tostring(root, encoding="unicode")


class VirtualNetworkProvider(Provider[VirtualNetwork]):
    """Networks whose mark is in their metadata."""

    resource: ClassVar[type[Resource]] = VirtualNetwork
    family: ClassVar[str] = "libvirt"

    def observe(self, wanted: Sequence[VirtualNetwork], mark: Mark) -> dict[str, Sighting]:
        seen: dict[str, Sighting] = {}
        with told("looking for virtual networks"):
            for one in wanted:
                network = found(connect().networkLookupByName, one.name)
                seen[one.name] = ABSENT if network is None else _sighting(one, network, mark)
        return seen

    def create(self, wanted: VirtualNetwork, mark: Mark, say: Say) -> None:
        connection = connect()
        with told("looking for a network of this name", wanted.key):
            there = found(connection.networkLookupByName, wanted.name)
            if there is not None:
                hint = f"`virsh net-destroy {wanted.name}` and `virsh net-undefine` remove it."
                marks.refuse(marks.of_network(there)[0], mark, wanted, "a virtual network", hint)
        self.destroy(wanted.name, mark)
        made = marks.element(mark, wanted.key, digest.of(wanted))
        with told("making it", wanted.key):
            network = connection.networkDefineXML(network_xml(wanted, made))
            network.create()
            network.setAutostart(int(wanted.autostart))

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{VirtualNetwork.kind()}/{name}"
        with told("removing it", key):
            network = found(connect().networkLookupByName, name)
            if network is not None and marks.of_network(network)[0] == mark.text(key):
                kept.remove(network)

    def owned(self) -> Iterable[Owned]:
        with told("listing virtual networks"):
            texts = [marks.of_network(network)[0] for network in connect().listAllNetworks(0)]
        return [owned for text in texts if (owned := Owned.parse(text)) is not None]

    def reached(self, wanted: VirtualNetwork, stage: Stage) -> bool:
        with told("looking whether it is up", wanted.key):
            network = found(connect().networkLookupByName, wanted.name)
            return network is not None and (stage == "created" or bool(network.isActive()))


def _sighting(wanted: VirtualNetwork, network: Any, mark: Mark) -> Sighting:
    text, made_from = marks.of_network(network)
    ours = text == mark.text(wanted.key)
    active = bool(network.isActive())
    facts = {"active": str(active).lower()}
    if active:
        facts["bridge"] = network.bridgeName()
    return Sighting(
        present=True, ours=ours, drift=_drift(wanted, network, made_from) if ours else "",
        facts=facts,
    )  # fmt: skip


def _drift(wanted: VirtualNetwork, network: Any, made_from: str) -> str:
    if made_from != digest.of(wanted):
        return "was made from another description"
    if standing := kept.drift(network, autostart=wanted.autostart):
        return standing
    root = parsed(network.XMLDesc(0))
    address = root.find("ip")
    have = "" if address is None else address.get("address", "")
    if have != wanted.gateway:
        return f"has the address {have or 'none'}, wanted {wanted.gateway}"
    forward = root.find("forward")
    mode = "isolated" if forward is None else forward.get("mode", "nat")
    if mode != wanted.mode:
        return f"is {mode}, wanted {wanted.mode}"
    given = root.find("ip/dhcp/range")
    limits = None if given is None else (given.get("start", ""), given.get("end", ""))
    if limits != wanted.range():
        return f"gives out {limits or 'no addresses'}, wanted {wanted.range() or 'none'}"
    kept_for = {(one.mac, one.address, one.hostname) for one in wanted.reservations}
    hosts = root.findall("ip/dhcp/host")
    if {(it.get("mac", ""), it.get("ip", ""), it.get("name", "")) for it in hosts} != kept_for:
        return "keeps other addresses for guests than wanted"
    return ""
