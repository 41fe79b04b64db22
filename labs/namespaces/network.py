"""Network: a stack of its own, and a cable to it."""

from __future__ import annotations

from lab_engine.authoring import (
    InhabitantsProbe,
    LinkProbe,
    NetworkNamespaceProbe,
    ProcessProbe,
    See,
    place,
    require,
    require_link,
    require_netns,
    require_reaches,
)
from labs.namespaces.values import Values, lab, started

step = lab.step("network")


@step.check("room")
async def room(see: See, v: Values) -> None:
    namespace, every, bench = await see(
        NetworkNamespaceProbe(v.netns), ProcessProbe(), InhabitantsProbe(("sleep",))
    )
    elsewhere = [
        one
        for one in every.processes
        if one.namespaces.get("net", 0) not in (0, bench.bench["net"])
    ]
    require(
        namespace.exists or not elsewhere,
        "nameless",
        expected=f"There is a network namespace called {v.netns}.",
        observed="`ip netns` knows none of that name, though a process is in a namespace apart.",
        look="ip netns; sudo lsns -t net",
    )
    await require_netns(see, v.netns, loopback=True)
    await require_reaches(see, "127.0.0.1", place.host(v.netns))


@step.check("cable", points=2, needs=("room",))
async def cable(see: See, v: Values) -> None:
    there = place.host(v.netns)
    inner, outer = await see(LinkProbe("eth0", there), LinkProbe(v.link))
    in_there = f"sudo ip -n {v.netns} addr"
    require(
        inner.exists or not (outer.exists and outer.peer_place == place.BENCH),
        "both-outside",
        expected=f"In {v.netns} there is an interface called eth0.",
        observed=f"There is none. Both ends of {v.link} are in the bench.",
        look="ip -br link",
    )
    await require_link(see, "eth0", there, up=None, kind="veth", peer=v.link)
    require(
        f"{v.room_ip}/32" not in inner.addresses,
        "no-prefix",
        expected=f"eth0 has the address {v.room_ip}/24.",
        observed=f"It has {v.room_ip}/32.",
        look=in_there,
    )
    await require_link(see, "eth0", there, up=None, addresses=[f"{v.room_ip}/24"])
    await require_link(see, v.link, up=None, addresses=[f"{v.bench_ip}/24"])
    await require_link(see, "eth0", there)
    await require_link(see, v.link)
    await require_reaches(see, v.bench_ip, there, wire="eth0")
    await require_reaches(see, v.room_ip, wire=v.link)


def made(v: Values) -> list[str]:
    return [f"sudo ip netns add {v.netns}", f"sudo ip -n {v.netns} link set lo up"]


def wired(v: Values) -> list[str]:
    return [*made(v), f"sudo ip link add {v.link} type veth peer name eth0 netns {v.netns}"]


step.solution(
    "ip netns",
    lambda v: [
        *wired(v),
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link}",
        f"sudo ip link set {v.link} up",
        f"sudo ip -n {v.netns} addr add {v.room_ip}/24 dev eth0",
        f"sudo ip -n {v.netns} link set eth0 up",
    ],
    explained={1: ["loopback-down"], 4: ["no-carrier"], 6: ["down"]},
)
step.solution(
    "unshare, a bind mount, and an end that is moved",
    lambda v: [
        f"sudo mkdir -p /run/netns && sudo touch /run/netns/{v.netns}",
        f"sudo unshare --net=/run/netns/{v.netns} ip link set lo up",
        f"sudo ip link add {v.link} type veth peer name inner",
        f"sudo ip link set inner netns {v.netns} name eth0",
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link} && sudo ip link set {v.link} up",
        f"sudo nsenter --net=/run/netns/{v.netns} ip addr add {v.room_ip}/24 dev eth0",
        f"sudo nsenter --net=/run/netns/{v.netns} ip link set eth0 up",
    ],
    explained={3: ["both-outside"], 6: ["down"]},
)
step.near_miss(
    "loopback left down",
    lambda v: [f"sudo ip netns add {v.netns}"],
    rejected_by="room",
    reason="loopback-down",
    explain="A new network namespace has one interface, lo, and even that one is switched off.",
)
step.near_miss(
    "a namespace without a name",
    lambda v: [started("sudo unshare --net sleep 30", 30)],
    rejected_by="room",
    reason="nameless",
    explain="It lives as long as its process, but `ip netns` finds only those in /run/netns.",
)
step.near_miss(
    "both ends outside",
    lambda v: [
        *made(v),
        f"sudo ip link add {v.link} type veth peer name eth0",
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link}",
        f"sudo ip addr add {v.room_ip}/24 dev eth0",
        f"sudo ip link set {v.link} up && sudo ip link set eth0 up",
        f"ping -c 1 {v.room_ip} >/dev/null",
    ],
    rejected_by="cable",
    reason="both-outside",
    explain="Both ends are in the bench: even where a ping answers, nothing goes through the "
    "cable. One end has to be put into the namespace.",
)
step.near_miss(
    "an address without its network",
    lambda v: [
        *wired(v),
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link} && sudo ip link set {v.link} up",
        f"sudo ip -n {v.netns} addr add {v.room_ip} dev eth0",
        f"sudo ip -n {v.netns} link set eth0 up",
    ],
    rejected_by="cable",
    reason="no-prefix",
    explain="Without /24, ip takes /32: a network of one. Then there is no route to the other end.",
)
step.near_miss(
    "not switched on inside",
    lambda v: [
        *wired(v),
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link} && sudo ip link set {v.link} up",
        f"sudo ip -n {v.netns} addr add {v.room_ip}/24 dev eth0",
    ],
    rejected_by="cable",
    reason="down",
    explain="An address does not switch an interface on, and both ends need it.",
)
step.near_miss(
    "not switched on in the bench",
    lambda v: [
        *wired(v),
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link}",
        f"sudo ip -n {v.netns} addr add {v.room_ip}/24 dev eth0",
        f"sudo ip -n {v.netns} link set eth0 up",
    ],
    rejected_by="cable",
    reason="no-carrier",
    explain="The end in the namespace is on, the one in the bench is not. A cable carries "
    "when both are.",
)
step.near_miss(
    "addresses first, then the move",
    lambda v: [
        *made(v),
        f"sudo ip link add {v.link} type veth peer name eth0",
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link}",
        f"sudo ip addr add {v.room_ip}/24 dev eth0",
        f"sudo ip link set {v.link} up && sudo ip link set eth0 netns {v.netns}",
        f"sudo ip -n {v.netns} link set eth0 up",
    ],
    rejected_by="cable",
    reason="no-address",
)
step.near_miss(
    "a card of another kind",
    lambda v: [
        *made(v),
        f"sudo ip link add {v.link} type bridge",
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link} && sudo ip link set {v.link} up",
        f"sudo ip -n {v.netns} link add eth0 type bridge",
        f"sudo ip -n {v.netns} addr add {v.room_ip}/24 dev eth0",
        f"sudo ip -n {v.netns} link set eth0 up",
    ],
    rejected_by="cable",
    reason="other-kind",
)
step.near_miss(
    "another name for the bench's own",
    lambda v: [
        f"sudo ip netns attach {v.netns} $$",
        f"sudo ip -n {v.netns} link set lo up",
    ],
    rejected_by="room",
    reason="same-namespace",
    explain="That is a second name for a namespace that was there, and no new one.",
)
step.near_miss(
    "the answer filtered away",
    lambda v: [
        *wired(v),
        f"sudo ip addr add {v.bench_ip}/24 dev {v.link} && sudo ip link set {v.link} up",
        f"sudo ip -n {v.netns} addr add {v.room_ip}/24 dev eth0",
        f"sudo ip -n {v.netns} link set eth0 up",
        f"sudo ip netns exec {v.netns} nft add table inet guard",
        f"sudo ip netns exec {v.netns} nft 'add chain inet guard in "
        "{ type filter hook input priority 0; policy accept; }'",
        f"sudo ip netns exec {v.netns} nft add rule inet guard in iifname eth0 drop",
    ],
    rejected_by="cable",
    reason="no-answer",
    explain="Addresses and switches are right, so something on the way drops the packets. Each "
    "network namespace has routes and a packet filter of its own: `nft list ruleset` shows it.",
)
