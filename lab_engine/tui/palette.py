"""What the menu offers: every action, every lesson and step, every shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

if TYPE_CHECKING:
    from lab_engine.tui.app import LearnApp


class Offer(NamedTuple):
    title: str
    help: str
    do: Callable[[], Any]


class Offers(Provider):
    """Looks for what the learner types among the offers."""

    def _offers(self) -> Iterator[Offer]:
        app = cast("LearnApp", self.app)
        yield from app.offers(self.screen)

    async def discover(self) -> Hits:
        for offer in self._offers():
            yield DiscoveryHit(offer.title, offer.do, help=offer.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for offer in self._offers():
            score = matcher.match(offer.title)
            if score > 0:
                yield Hit(score, matcher.highlight(offer.title), offer.do, help=offer.help)
