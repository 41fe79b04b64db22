"""What making, marking and removing an interface has in common, whatever its kind."""

from __future__ import annotations

import errno
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from lab_engine.families.netlink.agent import marks, namespaces, requests
from lab_engine.families.netlink.agent.quick import Attributes, Request
from lab_engine.families.netlink.agent.removal import remove_link
from lab_engine.families.netlink.agent.rtnl import LinkFacts, Refused, Rtnl, rtnl
from lab_engine.families.provider import Owned

whereabouts = marks.Whereabouts()


def passing_group(mark: str) -> int:
    """The number of the group that an interface is in until it bears the mark.

    An alias cannot be given to an interface as it is made, a group can: so what a crash left
    between the two can still be told from another's.
    """
    return 0x40000000 | zlib.crc32(mark.encode()) & 0x3FFFFFFF


class Site(NamedTuple):
    """A name that an interface is to have in a host, with a socket there."""

    connection: Rtnl
    host: str
    name: str


def make(request: Request, key: str, mark: str, *sites: Site) -> None:
    """Make an interface with `request` at the first site; what is ours under its names is replaced.

    Raises ProviderError when one of the names is another's, Refused when the kernel will not.
    """
    try:
        # Tried before it is looked for: only the kernel can say that a name is free, and take it,
        # in one moment.
        sites[0].connection.do(request)
    except Refused as error:
        if error.errno != errno.EEXIST:
            raise
        for site in sites:
            _refuse_foreign(site, key, mark)
        remove_marked(mark)
        sites[0].connection.do(request)


def request(name: str, kind: str, data: Attributes, mark: str, *more: tuple[str, Any]) -> Request:
    """What makes an interface of a kind (ip-link(8)) that can be told to be ours at once."""
    return requests.make_link(kind, data, *named(name, mark), *more)


def named(name: str, mark: str) -> Attributes:
    """What a request to make an interface says about its name."""
    return ("IFLA_IFNAME", name), ("IFLA_GROUP", passing_group(mark))


def settle(connection: Rtnl, name: str, mark: str, *more: tuple[str, Any]) -> None:
    """Mark an interface that was just made, and switch it on."""
    marked = (("IFLA_IFNAME", name), ("IFLA_IFALIAS", mark), ("IFLA_GROUP", 0))
    connection.do(requests.switch_on(0, *marked, *more))


def _refuse_foreign(site: Site, key: str, mark: str) -> None:
    there = site.connection.link(site.name)
    if there and not bears(there, mark):
        raise marks.foreign(
            key,
            f"an interface called {site.name!r} in {marks.where(site.host)}",
            f"{marks.look(site.host)}ip -d link show {site.name}",
        )


def bears(link: LinkFacts, mark: str) -> bool:
    """Whether an interface is ours, whole or half-made."""
    return link.alias == mark or (not link.alias and link.group == passing_group(mark))


def remove_marked(mark: str) -> None:
    """Remove the interfaces with that mark, wherever in the bench's hosts they are."""
    # Somebody may have moved the interface since, or given it another name.
    likely = whereabouts.likely(mark)
    if not (likely and _remove(likely[0], mark, likely[1])):
        for host in marks.places():
            if _remove(host, mark):
                break
    whereabouts.forget(mark)


def _remove(host: str, mark: str, interface: str = "") -> bool:
    try:
        with namespaces.of_host(host) as place:
            with rtnl(place) as connection:
                if interface:
                    there = connection.link(interface)
                    links = [there] if there else []
                else:
                    links = connection.links()
            doomed = [link.index for link in links if bears(link, mark)]
            for index in doomed:
                remove_link(place, index)
            return bool(doomed)
    except FileNotFoundError:
        return False


def marked(kind: str) -> Iterator[Owned]:
    """All interfaces of ours of a kind of resource, in all hosts."""
    found: dict[Owned, None] = {}
    for host in marks.places():
        with marks.each(host) as connection:
            for link in connection.links() if connection else ():
                owned = Owned.parse(link.alias)
                if owned and owned.key.startswith(f"{kind}/"):
                    found[owned] = None
                    whereabouts.saw(link.alias, host, link.name)
    yield from found
