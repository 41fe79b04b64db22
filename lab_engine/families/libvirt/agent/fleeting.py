"""The VMs that run, and the networks and pools that are active.

Definitions and disks outlive a stop of the bench; the memory of a guest does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import libvirt

from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent.connection import connect, found, quietly_absent, told

kinds: Final[tuple[str, ...]] = ()
_WORDS: Final = {"virtual-network": "virtual network", "pool": "pool", "vm": "VM"}
"""In the order in which they are started: a VM needs the others."""


def there() -> dict[str, str]:
    """Raises DaemonDown when libvirtd does not answer."""
    connection = connect()
    with told("listing what runs"):
        running = {
            "virtual-network": connection.listAllNetworks(libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE),
            "pool": connection.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE),
            "vm": connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE),
        }
        return {
            f"{kind}/{one.name()}": f"{_WORDS[kind]} {one.name()}"
            for kind, things in running.items()
            for one in things
        }


def again(keys: Sequence[str]) -> dict[str, str]:
    connection = connect()
    look: dict[str, Callable[[str], Any]] = {
        "virtual-network": connection.networkLookupByName,
        "pool": connection.storagePoolLookupByName,
        "vm": connection.lookupByName,
    }
    left: dict[str, str] = {}
    for kind in _WORDS:
        for key in keys:
            its, _, name = key.partition("/")
            if its != kind:
                continue
            try:
                with told(f"starting {key}"):
                    one = found(look[kind], name)
                    if one is not None and not one.isActive():
                        # Somebody may have started it since; then it runs, as it should.
                        quietly_absent(one.create, libvirt.VIR_ERR_OPERATION_INVALID)
            except ProviderError as error:
                left[key] = error.message
    return left
