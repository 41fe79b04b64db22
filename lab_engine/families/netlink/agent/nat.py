"""Address translation: one nft table a resource."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab_engine.common.sighting import Sighting
from lab_engine.families.netlink.agent import marks, nft
from lab_engine.families.netlink.resources import Nat
from lab_engine.families.provider import Mark, Owned, Provider, Say


class NatProvider(Provider[Nat]):
    resource = Nat
    family = "netlink"

    def observe(self, wanted: Sequence[Nat], mark: Mark) -> dict[str, Sighting]:
        with marks.asking("look at the address translation"):
            return {
                nat.name: nft.observe(nat.host, nat.key, nft.of_nat(nat), mark) for nat in wanted
            }

    def create(self, wanted: Nat, mark: Mark, say: Say) -> None:
        with marks.asking("set up the address translation", wanted.key):
            nft.create(wanted.host, wanted.key, nft.of_nat(wanted), mark)

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"nat/{name}"
        with marks.asking("take the address translation away", key):
            nft.destroy(key, mark)

    def owned(self) -> Iterable[Owned]:
        with marks.asking("list the address translations"):
            yield from nft.owned("nat")
