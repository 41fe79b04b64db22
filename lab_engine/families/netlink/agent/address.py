"""Addresses on interfaces of ours. The mark is an altname of the interface."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyroute2.netlink.rtnl import RTM_DELADDR, RTM_NEWADDR

from lab_engine.common.sighting import ABSENT, Sighting
from lab_engine.errors import ProviderError
from lab_engine.families.netlink.agent import marks, requests
from lab_engine.families.netlink.agent.rtnl import AddressFacts, LinkFacts, Rtnl, rtnl_of
from lab_engine.families.netlink.resources import Address
from lab_engine.families.provider import Mark, Owned, Provider, Say

_whereabouts = marks.Whereabouts()
_KIND = "address"


class AddressProvider(Provider[Address]):
    resource = Address
    family = "netlink"

    def observe(self, wanted: Sequence[Address], mark: Mark) -> dict[str, Sighting]:
        found: dict[str, Sighting] = {}
        with marks.asking("look at the addresses"):
            for host in {address.host for address in wanted}:
                with marks.each(host) as connection:
                    links = {link.name: link for link in connection.links()} if connection else {}
                    there = connection.addresses() if connection else []
                for address in wanted:
                    if address.host == host:
                        found[address.name] = _sighting(address, links, there, mark)
        return found

    def create(self, wanted: Address, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        altname = marks.altname(mark, wanted.key, wanted.cidr)
        where = f"{wanted.device} in {marks.where(wanted.host)}"
        with (
            marks.asking(f"give {wanted.cidr} to {where}", wanted.key),
            rtnl_of(wanted.host) as connection,
        ):
            link = connection.link(wanted.device)
            if link is None:
                raise ProviderError(
                    f"there is no interface {where}",
                    resource=wanted.key,
                    hint=f"`{marks.look(wanted.host)}ip link` lists what is there.",
                )
            for note in marks.notes_of(link, mark, wanted.key):
                _remove(connection, link, note)
            if any(fact.cidr == wanted.cidr for fact in connection.addresses(link.index)):
                raise marks.foreign(
                    wanted.key,
                    f"the address {wanted.cidr} on {where}",
                    f"{marks.look(wanted.host)}ip addr show {wanted.device}",
                )
            connection.do(
                # The note first: after a crash in between it is about nothing, and is found. An
                # address without one would be a stranger's.
                requests.note(link.index, altname),
                requests.address(RTM_NEWADDR, link.index, wanted.cidr),
            )
        _whereabouts.saw(text, wanted.host, wanted.device)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{_KIND}/{name}"
        text = mark.text(key)
        with marks.asking("take the address away", key):
            likely = _whereabouts.likely(text)
            if not (likely and _removed(likely[0], mark, key, likely[1])):
                for host in marks.places():
                    if _removed(host, mark, key):
                        break
        _whereabouts.forget(text)

    def owned(self) -> Iterable[Owned]:
        with marks.asking("list the addresses"):
            for host in marks.places():
                with marks.each(host) as connection:
                    for link in connection.links() if connection else ():
                        for note in marks.notes(link, _KIND):
                            _whereabouts.saw(marks.text_of(note.owned), host, link.name)
                            yield note.owned


def _removed(host: str, mark: Mark, key: str, interface: str = "") -> bool:
    """Remove the marked address from an interface, or from any of a host; whether it was there."""
    found = False
    with marks.each(host) as connection:
        if connection is None:
            return False
        if interface:
            there = connection.link(interface)
            links = [there] if there else []
        else:
            links = connection.links()
        for link in links:
            for note in marks.notes_of(link, mark, key):
                _remove(connection, link, note)
                found = True
    return found


def _remove(connection: Rtnl, link: LinkFacts, note: marks.Note) -> None:
    doomed = [requests.take_note(link.index, note.altname)]
    if any(fact.cidr == note.detail for fact in connection.addresses(link.index)):
        # And last when it goes, for the same reason.
        doomed.insert(0, requests.address(RTM_DELADDR, link.index, note.detail))
    connection.remove(*doomed)


def _sighting(
    wanted: Address, links: dict[str, LinkFacts], there: Sequence[AddressFacts], mark: Mark
) -> Sighting:
    link = links.get(wanted.device)
    if link is None:
        return ABSENT
    text = mark.text(wanted.key)
    on_it = [fact.cidr for fact in there if fact.index == link.index]
    note = next(iter(marks.notes_of(link, mark, wanted.key)), None)
    if note is None:
        return Sighting(present=True) if wanted.cidr in on_it else ABSENT
    _whereabouts.saw(text, wanted.host, wanted.device)
    drift = ""
    if note.detail != wanted.cidr:
        drift = f"is {note.detail}, wanted {wanted.cidr}"
    elif wanted.cidr not in on_it:
        drift = f"{wanted.cidr} is gone from {wanted.device}"
    return Sighting(present=True, ours=True, drift=drift, facts={"cidr": note.detail})
