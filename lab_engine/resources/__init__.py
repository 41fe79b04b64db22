"""Everything that a step can ask for, as plain frozen data."""

from __future__ import annotations

from typing import get_args

from lab_engine.resources.base import Resource
from lab_engine.resources.docker import Container, DockerNetwork, DockerVolume, Image
from lab_engine.resources.files import Directory, File, Mount, Tmpfs
from lab_engine.resources.libvirt import VM, Disk, Pool, Snapshot, VirtualNetwork
from lab_engine.resources.netlink import Address, Bridge, Filter, Host, Link, Nat, Route
from lab_engine.resources.process import Service
from lab_engine.resources.subnets import clashes

AnyResource = (
    Image
    | Container
    | DockerNetwork
    | DockerVolume
    | VM
    | VirtualNetwork
    | Pool
    | Disk
    | Snapshot
    | Host
    | Bridge
    | Link
    | Address
    | Route
    | Nat
    | Filter
    | File
    | Directory
    | Mount
    | Tmpfs
    | Service
)
"""A new kind is one more line here, and one in `lab_engine.providers.registry`."""

KINDS: dict[str, type[Resource]] = {one.kind(): one for one in get_args(AnyResource)}

__all__ = ["KINDS", "AnyResource", "clashes"]
