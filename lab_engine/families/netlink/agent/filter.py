"""Packet filters: one nft table a resource."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab_engine.common.sighting import Sighting
from lab_engine.families.netlink.agent import marks, nft
from lab_engine.families.netlink.resources import Filter
from lab_engine.families.provider import Mark, Owned, Provider, Say


class FilterProvider(Provider[Filter]):
    resource = Filter
    family = "netlink"

    def observe(self, wanted: Sequence[Filter], mark: Mark) -> dict[str, Sighting]:
        with marks.asking("look at the packet filter"):
            return {
                one.name: nft.observe(one.host, one.key, nft.of_filter(one), mark) for one in wanted
            }

    def create(self, wanted: Filter, mark: Mark, say: Say) -> None:
        with marks.asking("set up the packet filter", wanted.key):
            nft.create(wanted.host, wanted.key, nft.of_filter(wanted), mark)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"filter/{name}"
        with marks.asking("take the packet filter away", key):
            nft.destroy(key, mark)

    def owned(self) -> Iterable[Owned]:
        with marks.asking("list the packet filters"):
            yield from nft.owned("filter")
