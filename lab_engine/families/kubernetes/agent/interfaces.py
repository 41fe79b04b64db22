"""The interface that the cluster makes in the bench: the bridge between its nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ADDRESSED: Final = True
BRIDGE: Final = "kube"


def kept(names: Iterable[str]) -> set[str]:
    """That bridge. The routes to the pods, which lead over it, are the cluster's own as well."""
    return {BRIDGE} & set(names)
