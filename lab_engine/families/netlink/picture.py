"""Network namespaces, bridges and links made by hand, as parts of the picture."""

from __future__ import annotations

from lab_engine.common.place import BENCH, host
from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.netlink.probes.network import (
    LinkProbe,
    LinkReading,
    LinksProbe,
    LinksReading,
    NetworkNamespacesProbe,
)

BENCH_KEY = "bench/bench"


async def read(questions: Questions, parts: Parts) -> None:
    """Add the namespaces that have a name, and the bridges and veth links of the bench.

    Bridges that a Docker or libvirt network stands for are shown as that network.
    """
    named, here = await questions.all([NetworkNamespacesProbe(), LinksProbe()])
    names = tuple(named.namespaces) if named else ()
    inside = await questions.all([LinksProbe(host(name)) for name in names])
    places: dict[str, LinksReading] = {BENCH: here} if here else {}
    places |= {host(n): links for n, links in zip(names, inside, strict=True) if links}
    for name in names:
        _namespace(name, places.get(host(name)), parts)
    for link in here.links if here else ():
        if link.kind == "bridge" and link.name not in parts.bridges:
            _bridge(link, parts)
    veths = [
        (place, link.name)
        for place, links in places.items()
        for link in links.links
        if link.kind == "veth" and not _segment(link, place, parts)
    ]
    ends = await questions.all([LinkProbe(name, place) for place, name in veths])
    for (place, _), end in zip(veths, ends, strict=True):
        if end is not None:
            _cable(place, end, places, parts)


def _segment(link: LinkReading, place: str, parts: Parts) -> str:
    """The key of the segment that an interface is a port of; empty when it is of none."""
    other = parts.ports.get(link.name, "") if place == BENCH else ""
    return other or parts.bridges.get(link.master, "")


def _namespace(name: str, links: LinksReading | None, parts: Parts) -> None:
    cards = [link for link in links.links if link.name != "lo"] if links else []
    facts = [(link.name, _card(link)) for link in cards]
    key = f"namespace/{name}"
    parts.add(Node(key, "namespace", name, facts=tuple(facts), target=f"netns:{name}"))


def _card(link: LinkReading) -> str:
    return ", ".join([*link.addresses, "up" if link.up else "down"])


def _bridge(link: LinkReading, parts: Parts) -> None:
    key = f"bridge/{link.name}"
    facts = tuple(("address", address) for address in link.addresses)
    parts.add(Node(key, "bridge", link.name, "up" if link.up else "down", link.up, facts))
    parts.bridges[link.name] = key


def _cable(place: str, end: LinkReading, places: dict[str, LinksReading], parts: Parts) -> None:
    """One end of a veth: to a bridge when the other end is a port, else to the other end."""
    if not end.peer or not end.peer_place:
        return
    key = _place(place, parts)
    far = places[end.peer_place].named(end.peer) if end.peer_place in places else None
    label = end.addresses[0] if end.addresses else end.name
    if far and (segment := _segment(far, end.peer_place, parts)):
        parts.join(key, segment, label)
        return
    if _segment(end, place, parts):
        return
    ends = sorted([(place, end.name), (end.peer_place, end.peer)])
    link = "link/" + " ".join(f"{p}/{n}" for p, n in ends)
    on = end.up and (far is None or far.up)
    name = " — ".join(n for _, n in ends)
    parts.add(Node(link, "link", name, "up" if on else "down", on))
    parts.join(key, link, label)


def _place(place: str, parts: Parts) -> str:
    kind, _, name = place.partition(":")
    if kind == "host":
        return f"namespace/{name}"
    if kind == "bench":
        parts.add(Node(BENCH_KEY, "bench", "bench", target="bench"))
        return BENCH_KEY
    return f"{kind}/{name}"
