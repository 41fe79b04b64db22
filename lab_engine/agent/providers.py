"""Which provider makes which kind. Imported on first use, so an agent loads only what it needs."""

from __future__ import annotations

from functools import cache
from typing import Any

from lab_engine.errors import ProviderError
from lab_engine.families.provider import Provider
from lab_engine.families.registry import KINDS, of_kind


@cache
def provider(kind: str) -> Provider[Any]:
    """The provider of a kind. Raises ProviderError for a kind that nobody provides."""
    family = of_kind(kind)
    if family is None:
        raise ProviderError(
            f"no provider makes resources of kind {kind!r}",
            hint=f"Known kinds: {', '.join(sorted(KINDS))}.",
        )
    found: Provider[Any] = family.part(family.resources[KINDS[kind]])()
    return found
