"""Namespaces, links, addresses, routes and rules: the kernel keeps them only in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lab_engine.families.netlink.agent.inventory import network
from lab_engine.families.netlink.family import FAMILY

kinds: Final = tuple(resource.kind() for resource in FAMILY.resources)
_WORDS: Final = {
    "netns": "network namespace {}",
    "link": "interface {}",
    "address": "address {}",
    "route": "route {}",
    "nft": "firewall table {}",
    "iptables": "firewall rule {}",
    "ip6tables": "firewall rule {}",
    "ipc": "IPC object {}",
}


def there() -> dict[str, str]:
    """Raises ProviderError."""
    found = {}
    for key in network.entries():
        kind, _, name = key.partition("/")
        if kind in _WORDS:
            found[key] = _WORDS[kind].format(name)
    return found


def again(keys: Sequence[str]) -> dict[str, str]:
    return {}
