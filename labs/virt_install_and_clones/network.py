"""A network of one's own: isolated, with addresses that are given out, and one that is kept."""

from __future__ import annotations

from lab_engine.authoring import (
    See,
    VirtualNetworkProbe,
    require,
    require_link,
    require_port,
    require_virtual_network,
)
from labs.virt_install_and_clones.values import Values, lab

step = lab.step("network", daemons=("libvirt",))


@step.check("network", points=2)
async def network(see: See, v: Values) -> None:
    found = await require_virtual_network(see, v.network)
    require(
        found.mode != "nat",
        "way-out",
        expected=f"{v.network} is isolated.",
        observed="It has a way out, by NAT.",
        look=f"virsh net-dumpxml {v.network} --xpath //forward",
    )
    await require_virtual_network(
        see,
        v.network,
        mode="isolated",
        address=f"{v.bench}/24",
        dhcp=(f"10.{v.net}.0.10", f"10.{v.net}.0.99"),
        autostart=True,
    )
    await require_link(see, found.bridge, kind="bridge", addresses=[f"{v.bench}/24"], up=None)
    await require_port(see, 67, protocol="udp", program="dnsmasq")


@step.check("reserve", points=2, needs=("network",))
async def reserve(see: See, v: Values) -> None:
    found = await see(VirtualNetworkProbe(v.network))
    both = [
        [one.address for one in all_ if one.mac == v.mac]
        for all_ in (found.reservations, found.config_reservations)
    ]
    now, kept = (v.address in addresses for addresses in both)
    # Where the card has another address, that is what is wrong, and not that one is lacking.
    either = not all(both)
    require(
        kept or not now or not either,
        "only-now",
        expected=f"{v.network} keeps {v.address} for {v.mac}, also when it starts again.",
        observed="It does as long as it runs.",
        look=f"virsh net-dumpxml {v.network}; virsh net-dumpxml --inactive {v.network}",
    )
    require(
        now or not kept or not either,
        "only-later",
        expected=f"{v.network} keeps {v.address} for {v.mac} now.",
        observed="It will when it starts again.",
        look=f"virsh net-dumpxml {v.network}; virsh net-dumpxml --inactive {v.network}",
    )
    await require_virtual_network(see, v.network, reserved={v.mac: v.address})


def written(v: Values, *, forward: str = "", hosts: str = "", address: str = "") -> str:
    return (
        "cat > net.xml <<'END'\n"
        "<network>\n"
        f"  <name>{v.network}</name>\n"
        f"{forward}"
        f"  <ip address='{address or v.bench}' netmask='255.255.255.0'>\n"
        "    <dhcp>\n"
        f"      <range start='10.{v.net}.0.10' end='10.{v.net}.0.99'/>\n"
        f"{hosts}"
        "    </dhcp>\n"
        "  </ip>\n"
        "</network>\n"
        "END"
    )


def host(v: Values) -> str:
    return f"<host mac='{v.mac}' ip='{v.address}'/>"


def keep(v: Values, options: str) -> str:
    return f'virsh net-update {v.network} add ip-dhcp-host "{host(v)}" {options}'


def up(v: Values) -> list[str]:
    return [
        "virsh net-define net.xml",
        f"virsh net-start {v.network}",
        f"virsh net-autostart {v.network}",
    ]


step.solution(
    "define, start, and add",
    lambda v: [written(v), *up(v), keep(v, "--live --config")],
    explained={2: ["not-started"], 3: ["other-autostart"]},
)
step.solution(
    "all in the description",
    lambda v: [written(v, hosts=f"      {host(v)}\n"), *up(v)],
    explained={2: ["not-started"], 3: ["other-autostart"]},
)
step.solution(
    "added in two goes",
    lambda v: [written(v), *up(v), keep(v, "--live"), keep(v, "--config")],
    explained={
        2: ["not-started"],
        3: ["other-autostart"],
        4: ["only-later"],
        5: ["only-now"],
    },
)
step.near_miss(
    "with a way out",
    lambda v: [written(v, forward="  <forward mode='nat'/>\n"), *up(v)],
    rejected_by="network",
    reason="way-out",
    explain="`<forward mode='nat'/>` lets the machines out, behind the host's own address. Without "
    "any `<forward>` the network is isolated.",
)
step.near_miss(
    "not started",
    lambda v: [written(v), "virsh net-define net.xml"],
    rejected_by="network",
    reason="not-started",
    explain="`net-define` keeps a description; `net-start` makes the bridge and lets DHCP run.",
)
step.near_miss(
    "not kept",
    lambda v: [written(v), "virsh net-create net.xml"],
    rejected_by="network",
    reason="transient",
    explain="`net-create` starts a network without keeping its description. `net-destroy` ends it; "
    "`net-define` keeps one.",
)
step.near_miss(
    "not after the next start of libvirt",
    lambda v: [written(v), *up(v)[:2]],
    rejected_by="network",
    reason="other-autostart",
    explain="It runs now. After the next start of libvirt somebody would have to start it, unless "
    "`net-autostart` was said.",
)
step.near_miss(
    "another address",
    lambda v: [written(v, address=f"10.{v.net}.0.254"), *up(v)],
    rejected_by="network",
    reason="other-address",
)
step.near_miss(
    "nobody is left who gives addresses out",
    lambda v: [written(v), *up(v), "sudo pkill -x dnsmasq; sleep 1"],
    rejected_by="network",
    reason="no-server",
)
step.near_miss(
    "kept as long as it runs",
    lambda v: [written(v), *up(v), keep(v, "--live")],
    rejected_by="reserve",
    reason="only-now",
    explain="--live changes the network that runs, --config its definition. You want both.",
)
step.near_miss(
    "kept from the next start",
    lambda v: [written(v), *up(v), keep(v, "--config")],
    rejected_by="reserve",
    reason="only-later",
    explain="--config changes the definition, which counts at the next start. For the network that "
    "runs, --live is needed as well.",
)
step.near_miss(
    "for another card",
    lambda v: [
        written(v),
        *up(v),
        keep(v, "--live --config").replace(v.mac, v.mac[:-2] + "00"),
    ],
    rejected_by="reserve",
    reason="not-reserved",
)
step.near_miss(
    "another address for it",
    lambda v: [
        written(v),
        *up(v),
        keep(v, "--live --config").replace(v.address, f"10.{v.net}.0.15"),
    ],
    rejected_by="reserve",
    reason="other-reservation",
)
step.near_miss(
    "another address now than later",
    lambda v: [
        written(v),
        *up(v),
        keep(v, "--config"),
        keep(v, "--live").replace(v.address, f"10.{v.net}.0.15"),
    ],
    rejected_by="reserve",
    reason="not-now",
)
