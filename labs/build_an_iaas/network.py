"""The customer's network, on which the provider makes the rules."""

from __future__ import annotations

from lab_engine.authoring import (
    See,
    VirtualNetworkProbe,
    require,
    require_link,
    require_virtual_network,
)
from labs.build_an_iaas.values import Values, lab

step = lab.step("network", daemons=("libvirt",))


@step.check("network", points=2)
async def network(see: See, v: Values) -> None:
    found = await require_virtual_network(see, v.tenant)
    look = f"virsh net-dumpxml {v.tenant}"
    require(
        found.mode != "nat",
        "nat",
        expected=f"The mode of {v.tenant} is open.",
        observed="It is nat.",
        look=look,
    )
    require(
        found.mode != "isolated",
        "isolated",
        expected=f"The mode of {v.tenant} is open.",
        observed="It is isolated: the description has no <forward>.",
        look=look,
    )
    await require_virtual_network(see, v.tenant, mode="open", address=f"{v.gateway}/24")
    await require_link(see, found.bridge, kind="bridge", addresses=[f"{v.gateway}/24"], up=None)


@step.check("addresses", points=2, needs=("network",))
async def addresses(see: See, v: Values) -> None:
    found = await see(VirtualNetworkProbe(v.tenant))
    kept = {one.mac: one.address for one in found.reservations}
    require(
        {kept.get(v.mac_a), kept.get(v.mac_b)} != set(v.addresses.values())
        or kept[v.mac_a] == v.addresses[v.one],
        "crossed",
        expected=f"The card {v.mac_a} gets {v.addresses[v.one]}, and {v.mac_b} the other one.",
        observed="It is the other way around.",
        look=f"virsh net-dumpxml {v.tenant}",
    )
    for mac, at in v.reserved.items():
        others = [one for one, address in kept.items() if address == at and one != mac]
        require(
            not others,
            "other-card",
            expected=f"{v.tenant} keeps {at} for the card {mac}.",
            observed=f"It keeps it for {', '.join(others)}.",
            look=f"virsh net-dumpxml {v.tenant}",
        )
    await require_virtual_network(see, v.tenant, reserved=v.reserved)


def written(v: Values, *, forward: str = "open", hosts: bool = True, crossed: bool = False) -> str:
    pairs = list(v.reserved.items())
    if crossed:
        pairs = [(mac, at) for (mac, _), (_, at) in zip(pairs, reversed(pairs), strict=True)]
    kept = "".join(f"      <host mac='{mac}' ip='{at}'/>\n" for mac, at in pairs)
    mode = f"  <forward mode='{forward}'/>\n" if forward else ""
    return (
        "cat > tenant.xml <<'END'\n"
        "<network>\n"
        f"  <name>{v.tenant}</name>\n"
        f"{mode}"
        f"  <ip address='{v.gateway}' netmask='255.255.255.0'>\n"
        "    <dhcp>\n"
        f"      <range start='10.{v.net}.0.100' end='10.{v.net}.0.199'/>\n"
        f"{kept if hosts else ''}"
        "    </dhcp>\n"
        "  </ip>\n"
        "</network>\n"
        "END"
    )


DEFINE = "virsh net-define tenant.xml"


def start(v: Values) -> str:
    return f"virsh net-start {v.tenant}"


def keep(v: Values, options: str, *macs: str) -> list[str]:
    return [
        f"virsh net-update {v.tenant} add ip-dhcp-host "
        f"\"<host mac='{mac}' ip='{v.reserved[mac]}'/>\" {options}"
        for mac in macs or v.reserved
    ]


step.solution("one description", lambda v: [written(v), DEFINE, start(v)])
step.solution(
    "added afterwards",
    lambda v: [written(v, hosts=False), DEFINE, start(v), *keep(v, "--live --config")],
)
step.near_miss(
    "nat",
    lambda v: [written(v, forward="nat"), DEFINE, start(v)],
    rejected_by="network",
    reason="nat",
    explain="With `nat` the machines get out, and nobody gets in to them: their addresses are "
    "hidden behind the host's.",
)
step.near_miss(
    "isolated",
    lambda v: [written(v, forward=""), DEFINE, start(v)],
    rejected_by="network",
    reason="isolated",
    explain="Without `<forward>` the host passes nothing on, in either direction.",
)
step.near_miss(
    "routed",
    lambda v: [written(v, forward="route"), DEFINE, start(v)],
    rejected_by="network",
    reason="other-mode",
    explain="With `route` packets go in and out under their own addresses, as you want it. But "
    "libvirt adds rules of its own to the packet filter, and those are to be yours alone.",
)
step.near_miss(
    "not started",
    lambda v: [written(v), DEFINE],
    rejected_by="network",
    reason="not-started",
)
step.near_miss(
    "gone when it stops",
    lambda v: [written(v), "virsh net-create tenant.xml"],
    rejected_by="network",
    reason="transient",
    explain="`net-create` starts a network without keeping its description.",
)
step.near_miss(
    "one of two",
    lambda v: [written(v, hosts=False), DEFINE, start(v), *keep(v, "--live --config", v.mac_a)],
    rejected_by="addresses",
    reason="not-reserved",
)
step.near_miss(
    "as long as it runs",
    lambda v: [written(v, hosts=False), DEFINE, start(v), *keep(v, "--live")],
    rejected_by="addresses",
    reason="not-kept",
    explain="--live changes the network that runs. Its definition is changed by --config.",
)
step.near_miss(
    "a slip in the card's address",
    lambda v: [written(v).replace(v.mac_b, f"{v.mac_b[:-2]}f7"), DEFINE, start(v)],
    rejected_by="addresses",
    reason="other-card",
)
step.near_miss(
    "crossed",
    lambda v: [written(v, crossed=True), DEFINE, start(v)],
    rejected_by="addresses",
    reason="crossed",
)
