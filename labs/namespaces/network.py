"""Network: a stack of its own, and a cable to it."""

from __future__ import annotations

from lab_engine.authoring import (
    AddressesProbe,
    InhabitantsProbe,
    LinkProbe,
    Look,
    NetworkNamespaceProbe,
    ProcessProbe,
    ReachProbe,
    See,
    place,
    require,
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
    require(
        namespace.exists,
        "no-name",
        expected=f"There is a network namespace called {v.netns}.",
        observed="`ip netns` knows none of that name.",
        look="ip netns",
    )
    loopback, echo = await see(
        LinkProbe("lo", place.host(v.netns)),
        ReachProbe("127.0.0.1", place.host(v.netns), count=1),
    )
    look = f"sudo ip -n {v.netns} link show lo"
    require(
        loopback.up,
        "loopback-down",
        expected=f"Loopback is switched on in {v.netns}.",
        observed="lo is down there.",
        look=look,
    )
    require(
        echo.reached,
        "no-echo",
        expected=f"127.0.0.1 answers in {v.netns}.",
        observed=f"No answer ({echo.problem}).",
        look=Look(f"sudo ip netns exec {v.netns} ping -c 1 -W 2 127.0.0.1", fails=True),
    )


@step.check("cable", points=2, needs=("room",))
async def cable(see: See, v: Values) -> None:
    there = place.host(v.netns)
    inner, outer, addresses, outside = await see(
        LinkProbe("eth0", there),
        LinkProbe(v.link),
        AddressesProbe(there),
        AddressesProbe(),
    )
    in_there = f"sudo ip -n {v.netns} addr"
    require(
        inner.exists or not (outer.exists and outer.peer_place == place.BENCH),
        "both-outside",
        expected=f"In {v.netns} there is an interface called eth0.",
        observed=f"There is none. Both ends of {v.link} are in the bench.",
        look="ip -br link",
    )
    require(
        inner.exists,
        "no-eth0",
        expected=f"In {v.netns} there is an interface called eth0.",
        observed="There is none.",
        look=in_there,
    )
    require(
        outer.exists and inner.peer == v.link and inner.peer_place == place.BENCH,
        "other-end",
        expected=f"Its other end is {v.link}, out here in the bench.",
        observed=f"Its other end is {inner.peer or 'none that can be seen'}.",
        look="ip -br link",
    )
    require(
        f"{v.room_ip}/32" not in addresses.of("eth0"),
        "no-prefix",
        expected=f"eth0 has the address {v.room_ip}/24.",
        observed=f"It has {v.room_ip}/32.",
        look=in_there,
    )
    require(
        f"{v.room_ip}/24" in addresses.of("eth0"),
        "no-address",
        expected=f"eth0 has the address {v.room_ip}/24.",
        observed=f"It has {', '.join(a for a in addresses.of('eth0') if '.' in a) or 'none'}.",
        look=in_there,
    )
    require(
        f"{v.bench_ip}/24" in outside.of(v.link),
        "no-address-outside",
        expected=f"{v.link} has the address {v.bench_ip}/24.",
        observed=f"It has {', '.join(a for a in outside.of(v.link) if '.' in a) or 'none'}.",
        look=f"ip addr show {v.link}",
    )
    require(
        inner.up and outer.up,
        "down",
        expected="Both ends are switched on.",
        observed=" and ".join(
            f"{name} is down" for name, link in (("eth0", inner), (v.link, outer)) if not link.up
        )
        + ".",
        look=f"ip link show {v.link}; sudo ip -n {v.netns} link show eth0",
    )
    out, into = await see(ReachProbe(v.bench_ip, there), ReachProbe(v.room_ip))
    require(
        out.reached and into.reached,
        "no-answer",
        expected=f"{v.netns} and the bench can ping each other.",
        observed="The ping from inside gets no answer."
        if not out.reached
        else "The ping from outside gets no answer.",
        look=Look(
            f"sudo ip netns exec {v.netns} ping -c 1 -W 2 {v.bench_ip} "
            f"&& ping -c 1 -W 2 {v.room_ip}",
            fails=True,
        ),
    )


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
    explained={1: ["loopback-down"], 4: ["down"], 6: ["down"]},
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
    explain="A network namespace also has its own packet filter, and this one drops everything.",
)
