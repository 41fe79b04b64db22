"""Links: veth pairs whose two ends bear the mark as their alias."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.netlink.agent import interfaces, marks, namespaces
from lab_engine.families.netlink.agent.marks import look, where
from lab_engine.families.netlink.agent.quick import Attributes
from lab_engine.families.netlink.agent.rtnl import LinkFacts, Rtnl, rtnl
from lab_engine.families.netlink.resources import End, Link
from lab_engine.families.provider import Mark, Owned, Provider, Say
from lab_engine.kernel import proc


class LinkProvider(Provider[Link]):
    resource = Link
    family = "netlink"

    def observe(self, wanted: Sequence[Link], mark: Mark) -> dict[str, Sighting]:
        """One look at each host, however many links end there."""
        hosts = {end.host for link in wanted for end in (link.a, link.b)}
        seen: dict[str, dict[str, LinkFacts]] = {}
        with marks.asking("look at the links"):
            for host in hosts:
                with marks.each(host) as connection:
                    links = connection.links() if connection else []
                    seen[host] = {link.name: link for link in links}
            return {link.name: _sighting(link, seen, mark) for link in wanted}

    def create(self, wanted: Link, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        with (
            marks.asking(f"make the link {_both(wanted)}", wanted.key),
            namespaces.of_host(wanted.a.host) as place_a,
            namespaces.of_host(wanted.b.host) as place_b,
            rtnl(place_a) as at_a,
            rtnl(place_b) as at_b,
            proc.held("thread-self/ns/net") as own,
        ):
            mtu = ("IFLA_MTU", wanted.mtu)
            peer = (
                *interfaces.named(wanted.b.interface, text),
                mtu,
                # The far end is made where it belongs: made here and moved, it would need a name
                # that is free in both places. Without a descriptor it would be made beside the near
                # end (veth(4)).
                ("IFLA_NET_NS_FD", own if place_b is None else place_b),
                *_mac(wanted.b),
            )
            data = (("VETH_INFO_PEER", peer),)
            interfaces.make(
                interfaces.request(wanted.a.interface, "veth", data, text, mtu, *_mac(wanted.a)),
                wanted.key,
                text,
                interfaces.Site(at_a, wanted.a.host, wanted.a.interface),
                interfaces.Site(at_b, wanted.b.host, wanted.b.interface),
            )
            for end, at in ((wanted.a, at_a), (wanted.b, at_b)):
                interfaces.settle(at, end.interface, text, *_port(at, end, wanted.key))
        interfaces.whereabouts.saw(text, wanted.a.host, wanted.a.interface)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"link/{name}"
        with marks.asking("remove the link", key):
            interfaces.remove_marked(mark.text(key))

    def owned(self) -> Iterable[Owned]:
        with marks.asking("list the links"):
            yield from interfaces.marked("link")


def _port(connection: Rtnl, end: End, key: str) -> Attributes:
    """The part of a request that makes an end a port of its bridge."""
    if not end.port_of:
        return ()
    bridge = connection.link(end.port_of)
    if bridge is None:
        raise ProviderError(
            f"there is no bridge {end.port_of!r} in {where(end.host)}",
            resource=key,
            hint=f"`{look(end.host)}ip link show type bridge` lists them.",
        )
    return (("IFLA_MASTER", bridge.index),)


def _mac(end: End) -> Attributes:
    return (("IFLA_ADDRESS", end.mac),) if end.mac else ()


def _both(link: Link) -> str:
    return " to ".join(f"{end.interface} in {where(end.host)}" for end in (link.a, link.b))


def _sighting(wanted: Link, seen: dict[str, dict[str, LinkFacts]], mark: Mark) -> Sighting:
    text = mark.text(wanted.key)
    ends = [(end, seen[end.host].get(end.interface)) for end in (wanted.a, wanted.b)]
    there = [facts for _, facts in ends if facts]
    if not there:
        marked = [
            f"{facts.name} in {where(host)}"
            for host, links in seen.items()
            for facts in links.values()
            if interfaces.bears(facts, text)
        ]
        if marked:
            drift = f"its ends have other names: {', '.join(sorted(marked))}"
            return Sighting(present=True, ours=True, drift=drift)
        return ABSENT
    ours = all(interfaces.bears(facts, text) for facts in there)
    if ours:
        end = next(end for end, facts in ends if facts)
        interfaces.whereabouts.saw(text, end.host, end.interface)
    problems = [
        problem for end, facts in ends if (problem := _difference(wanted, end, facts, seen))
    ]
    a, b = ends[0][1], ends[1][1]
    if a and b and not problems and (a.peer, b.peer) != (b.index, a.index):
        problems.append("its two ends are not ends of one link")
    return Sighting(
        present=True,
        ours=ours,
        drift="; ".join(problems),
        facts={
            f"{letter}.mac": facts.mac
            for letter, facts in (("a", a), ("b", b))
            if facts is not None
        },
    )


def _difference(
    wanted: Link, end: End, facts: LinkFacts | None, seen: dict[str, dict[str, LinkFacts]]
) -> str:
    name = f"{end.interface} in {where(end.host)}"
    if facts is None:
        return f"{name} is gone"
    if facts.kind != "veth":
        return f"{name} is no veth"
    if not facts.up:
        return f"{name} is down"
    if facts.mtu != wanted.mtu:
        return f"{name} has MTU {facts.mtu}, wanted {wanted.mtu}"
    if end.mac and facts.mac != end.mac:
        return f"{name} has the MAC address {facts.mac}, wanted {end.mac}"
    masters = {link.index: link.name for link in seen[end.host].values()}
    master = masters.get(facts.master, "")
    if master != end.port_of:
        return f"{name} is a port of {master or 'no bridge'}, wanted {end.port_of or 'none'}"
    return ""
