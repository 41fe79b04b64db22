"""Which provider makes which kind. Imported on first use, so an agent loads only what it needs."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from lab_engine.errors import ProviderError
from lab_engine.providers.base import Provider

PROVIDERS: dict[str, str] = {
    "image": "lab_engine.providers.docker.image:ImageProvider",
    "container": "lab_engine.providers.docker.container:ContainerProvider",
    "docker-network": "lab_engine.providers.docker.network:NetworkProvider",
    "docker-volume": "lab_engine.providers.docker.volume:VolumeProvider",
    "vm": "lab_engine.providers.libvirt.vm:VMProvider",
    "virtual-network": "lab_engine.providers.libvirt.network:VirtualNetworkProvider",
    "pool": "lab_engine.providers.libvirt.pool:PoolProvider",
    "disk": "lab_engine.providers.libvirt.disk:DiskProvider",
    "snapshot": "lab_engine.providers.libvirt.snapshot:SnapshotProvider",
    "host": "lab_engine.providers.netlink.host:HostProvider",
    "bridge": "lab_engine.providers.netlink.bridge:BridgeProvider",
    "link": "lab_engine.providers.netlink.link:LinkProvider",
    "address": "lab_engine.providers.netlink.address:AddressProvider",
    "route": "lab_engine.providers.netlink.route:RouteProvider",
    "nat": "lab_engine.providers.netlink.nat:NatProvider",
    "filter": "lab_engine.providers.netlink.filter:FilterProvider",
    "file": "lab_engine.providers.files.file:FileProvider",
    "directory": "lab_engine.providers.files.directory:DirectoryProvider",
    "mount": "lab_engine.providers.files.mount:MountProvider",
    "tmpfs": "lab_engine.providers.files.tmpfs:TmpfsProvider",
    "service": "lab_engine.providers.process.service:ServiceProvider",
}

DAEMON_OF_FAMILY = {"docker": "docker", "libvirt": "libvirt"}
"""The daemon that a family's providers and readers talk to; other families need none."""


@cache
def provider(kind: str) -> Provider[Any]:
    """The provider of a kind. Raises ProviderError for a kind that nobody provides."""
    target = PROVIDERS.get(kind)
    if target is None:
        raise ProviderError(
            f"no provider makes resources of kind {kind!r}",
            hint=f"Known kinds: {', '.join(sorted(PROVIDERS))}.",
        )
    module, _, name = target.partition(":")
    found: Provider[Any] = getattr(importlib.import_module(module), name)()
    return found
