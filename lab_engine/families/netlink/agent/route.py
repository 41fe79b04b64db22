"""Routes in a host's main table. The mark is an altname of its loopback, and our own protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pyroute2.netlink.rtnl import RTM_DELROUTE, RTM_NEWROUTE

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.netlink.agent import marks, requests
from lab_engine.families.netlink.agent.quick import Request
from lab_engine.families.netlink.agent.rtnl import LinkFacts, RouteFacts, Rtnl, rtnl_of
from lab_engine.families.netlink.resources import Route
from lab_engine.families.provider import Mark, Owned, Provider, Say

# The kernel reads no number above RTPROT_STATIC (rtnetlink(7)).
PROTOCOL: Final = 173
"""Who made a route, in its own field: a number that no routing daemon uses."""
_KIND: Final = "route"
_IPV6_METRIC: Final = 1024
"""What the kernel takes for an IPv6 route without a metric."""

_whereabouts = marks.Whereabouts()


class RouteProvider(Provider[Route]):
    resource = Route
    family = "netlink"

    def observe(self, wanted: Sequence[Route], mark: Mark) -> dict[str, Sighting]:
        found: dict[str, Sighting] = {}
        with marks.asking("look at the routes"):
            for host in {route.host for route in wanted}:
                with marks.each(host) as connection:
                    links = connection.links() if connection else []
                    table = _main(connection) if connection else []
                for route in wanted:
                    if route.host == host:
                        found[route.name] = _sighting(route, links, table, mark)
        return found

    def create(self, wanted: Route, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        detail = f"{wanted.destination}@{wanted.metric}"
        altname = marks.altname(mark, wanted.key, detail)
        with (
            marks.asking(f"make the route in {marks.where(wanted.host)}", wanted.key),
            rtnl_of(wanted.host) as connection,
        ):
            loopback = connection.link("lo")
            if loopback is None:
                raise ProviderError("the host has no loopback", resource=wanted.key)
            for note in marks.notes_of(loopback, mark, wanted.key):
                _remove(connection, loopback, note)
            if _at(_main(connection), detail):
                raise marks.foreign(
                    wanted.key,
                    f"a route to {wanted.to} in {marks.where(wanted.host)}",
                    f"{marks.look(wanted.host)}ip route",
                )
            index = 0
            if wanted.dev:
                device = connection.link(wanted.dev)
                if device is None:
                    raise ProviderError(
                        f"there is no interface {wanted.dev} in {marks.where(wanted.host)}",
                        resource=wanted.key,
                        hint=f"`{marks.look(wanted.host)}ip link` lists what is there.",
                    )
                index = device.index
            made = requests.route(
                RTM_NEWROUTE,
                wanted.destination,
                wanted.via,
                index,
                wanted.metric,
                protocol=PROTOCOL,
                scope=requests.SCOPE_UNIVERSE if wanted.via else requests.SCOPE_LINK,
                table=requests.MAIN_TABLE,
            )
            # As with an address: the note first, so that no route of ours is ever without.
            connection.do(requests.note(loopback.index, altname), made)
        _whereabouts.saw(text, wanted.host, "lo")

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{_KIND}/{name}"
        text = mark.text(key)
        with marks.asking("remove the route", key):
            likely = _whereabouts.likely(text)
            if not (likely and _removed(likely[0], mark, key)):
                for host in marks.places():
                    if _removed(host, mark, key):
                        break
        _whereabouts.forget(text)

    def owned(self) -> Iterable[Owned]:
        with marks.asking("list the routes"):
            for host in marks.places():
                with marks.each(host) as connection:
                    loopback = connection.link("lo") if connection else None
                    for note in marks.notes(loopback, _KIND) if loopback else ():
                        text = marks.text_of(note.owned)
                        _whereabouts.saw(text, host, "lo")
                        yield note.owned


def _main(connection: Rtnl) -> list[RouteFacts]:
    return [route for route in connection.routes() if route.table == requests.MAIN_TABLE]


def _at(table: Sequence[RouteFacts], detail: str) -> RouteFacts | None:
    """The route with that destination and metric (`10.0.0.0/8@0`)."""
    to, _, metric = detail.rpartition("@")
    wanted = int(metric) or (_IPV6_METRIC if ":" in to else 0)
    return next((r for r in table if r.to == to and r.metric == wanted), None)


def _removed(host: str, mark: Mark, key: str) -> bool:
    with marks.each(host) as connection:
        loopback = connection.link("lo") if connection else None
        if connection is None or loopback is None:
            return False
        found = marks.notes_of(loopback, mark, key)
        for note in found:
            _remove(connection, loopback, note)
        return bool(found)


def _remove(connection: Rtnl, loopback: LinkFacts, note: marks.Note) -> None:
    """Remove the note and the route it is about, also one that somebody put in its place."""
    doomed = [requests.take_note(loopback.index, note.altname)]
    if there := _at(_main(connection), note.detail):
        doomed.insert(0, removal(there))
    connection.remove(*doomed)


def removal(route: RouteFacts) -> Request:
    """The request that removes exactly this route, whoever made it."""
    return requests.route(
        RTM_DELROUTE,
        route.to,
        route.via,
        route.index,
        route.metric,
        # 0 and NOWHERE fit any, so that what somebody put in its place goes too (fib_table_delete
        # in net/ipv4/fib_trie.c).
        protocol=0,
        scope=requests.SCOPE_NOWHERE,
        table=route.table,
    )


def _sighting(
    wanted: Route, links: Sequence[LinkFacts], table: Sequence[RouteFacts], mark: Mark
) -> Sighting:
    names = {link.index: link.name for link in links}
    loopback = next((link for link in links if link.name == "lo"), None)
    if loopback is None:
        return ABSENT
    text = mark.text(wanted.key)
    detail = f"{wanted.destination}@{wanted.metric}"
    note = next(iter(marks.notes_of(loopback, mark, wanted.key)), None)
    there = _at(table, detail)
    if note is None:
        return Sighting(present=True) if there else ABSENT
    _whereabouts.saw(text, wanted.host, "lo")
    drift = ""
    if note.detail != detail:
        drift = f"goes to {note.detail.rpartition('@')[0]}, wanted {wanted.to}"
    elif there is None:
        drift = f"the route to {wanted.to} is gone"
    elif there.protocol != PROTOCOL:
        drift = f"the route to {wanted.to} is another one"
    elif there.via != wanted.via:
        drift = f"its next hop is {there.via or 'none'}, wanted {wanted.via or 'none'}"
    elif wanted.dev and names.get(there.index) != wanted.dev:
        drift = f"it leaves by {names.get(there.index, '?')}, wanted {wanted.dev}"
    device = names.get(there.index, "") if there else ""
    return Sighting(present=True, ours=True, drift=drift, facts={"dev": device})
