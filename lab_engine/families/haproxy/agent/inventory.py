"""What somebody has said to a HAProxy about its servers, and what its configuration does not.

Keys: `balancer-server/SOCKET BACKEND/SERVER`, only for a server that was taken out, is being
emptied or weighs other than it was configured to: whoever starts HAProxy anew has none. Source:
HAProxy's management guide, "show servers state", "set server".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from lab_engine.errors import ProviderError
from lab_engine.families.haproxy.agent import readers
from lab_engine.families.haproxy.probes import HaproxiesProbe

_TAKEN_OUT: Final = 0x01
"""SRV_ADMF_FMAINT: by word, not by the configuration or since it has no address."""
_EMPTIED: Final = 0x08
"""SRV_ADMF_FDRAIN."""


def entries() -> dict[str, str]:
    """Every server that was told something. A HAProxy that does not answer has none."""
    found = {}
    for path in readers.haproxies(HaproxiesProbe()).sockets:
        with suppress(OSError):
            for server, told in _told(readers.ask(path, "show servers state")):
                found[f"balancer-server/{path} {server}"] = told
    return found


def _told(state: str) -> Iterator[tuple[str, str]]:
    for server, row in readers.rows(state):
        admin = int(row["srv_admin_state"])
        words = []
        if admin & _TAKEN_OUT:
            words.append("maint")
        if admin & _EMPTIED:
            words.append("drain")
        if row["srv_uweight"] != row["srv_iweight"]:
            words.append(f"weight {row['srv_uweight']}")
        if words:
            yield "/".join(server), ", ".join(words)


def remove(key: str) -> None:
    """Have the server do again what its configuration says. A HAProxy that is gone is no error."""
    path, _, server = key.partition("/")[2].rpartition(" ")
    said = ""
    with suppress(OSError):
        # Of the weight that is configured.
        said = readers.ask(path, f"set server {server} state ready; set weight {server} 100%")
    if said.strip():
        raise ProviderError(
            f"HAProxy does not take its server {server} back: {said.strip()}", resource=key
        )
