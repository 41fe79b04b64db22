"""All that is in the bench's libvirt, with a fingerprint each, and the way to remove it by force.

Keys: `vm/NAME`, `virtual-network/NAME`, `pool/NAME`, and for volumes `disk/NAME` when they bear a
mark, else `disk/POOL/NAME`. What lies in a pool's folder and is no volume to libvirt, such as a
link to nowhere, is `stray/POOL/NAME`. Filters and secrets are `nwfilter/NAME` and `secret/UUID`.

A VM's fingerprint holds its live definition, its snapshots, those that QEMU's monitor made in its
disks, and, as far as its guest agent answers, what a learner may have changed inside. That of a
volume in use says by whom; that of one that is not, when it was written last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import libvirt

from lab_engine.common import digest
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent import kept, marks, pool, qcow2, vm, volumes
from lab_engine.families.libvirt.agent.connection import connect, found, quietly_absent, told
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.libvirt.guests import small
from lab_engine.families.libvirt.guests.agent_channel import AgentChannel
from lab_engine.families.provider import Owned

_INSIDE_SECONDS = 20.0
_LOOK_UP: Final = {"nwfilter": "nwfilterLookupByName", "secret": "secretLookupByUUIDString"}


def entries() -> dict[str, str]:
    """Every VM, network, pool and volume. Raises DaemonDown when libvirtd does not answer."""
    connection = connect()
    things: dict[str, str] = {}
    users: dict[str, str] = {}
    with told("listing what is there"):
        for domain in connection.listAllDomains(0):
            live = domain.XMLDesc(0)
            things[f"vm/{domain.name()}"] = _vm(domain, live)
            if domain.isActive():
                for source in parsed(live).findall("devices/disk/source"):
                    users[source.get("file", "")] = domain.name()
        for one in connection.listAllNetworks(0):
            things[f"virtual-network/{one.name()}"] = _network(one)
        for one in connection.listAllStoragePools(0):
            things[f"pool/{one.name()}"] = _pool(one)
            if one.isActive():
                volumes.refresh(one)
                for volume in one.listAllVolumes(0):
                    facts = volumes.facts(volume)
                    things[_volume_key(facts)] = _volume(facts, users.get(facts.path, ""))
                things |= _strays(one)
        for one in connection.listAllNWFilters(0):
            things[f"nwfilter/{one.name()}"] = _print(one.XMLDesc(0))
        for one in connection.listAllSecrets(0):
            things[f"secret/{one.UUIDString()}"] = _print(one.XMLDesc(0))
    return things


def remove(key: str) -> None:
    """Remove one thing by force, whoever made it. Absent is not an error."""
    kind, _, name = key.partition("/")
    connection = connect()
    with told(f"removing {key}", key):
        if kind == "vm":
            domain = found(connection.lookupByName, name)
            if domain is not None:
                vm.remove(domain)
        elif kind == "virtual-network":
            one = found(connection.networkLookupByName, name)
            if one is not None:
                kept.remove(one)
        elif kind == "pool":
            _remove_pool(connection, name)
        elif kind == "disk":
            _remove_volume(connection, name)
        elif kind == "stray":
            _remove_stray(connection, name)
        elif kind in _LOOK_UP:
            one = found(getattr(connection, _LOOK_UP[kind]), name)
            if one is not None:
                quietly_absent(one.undefine)
        else:
            raise ProviderError(f"libvirt has nothing of kind {kind!r}", resource=key)


def _vm(domain: Any, live: str) -> str:
    persistent = bool(domain.isPersistent())
    config = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) if persistent else ""
    snapshots = sorted(snapshot.getXMLDesc(0) for snapshot in domain.listAllSnapshots(0))
    return _print(
        vm.state_of(domain),
        live,
        config,
        persistent and domain.autostart(),
        domain.hasManagedSaveImage(0),
        *snapshots,
        *_in_disks(live),
        _inside(domain),
    )


def _in_disks(live: str) -> Iterator[str]:
    """The snapshots that are in the disks; libvirt does not know those of QEMU's monitor."""
    for source in parsed(live).findall("devices/disk/source"):
        for name in qcow2.snapshots(source.get("file", "")):
            yield f"{source.get('file')} {name}"


def _inside(domain: Any) -> str:
    if vm.state_of(domain) != "running":
        return ""
    script = Path(small.__file__).with_name("fingerprint.sh").read_text(encoding="utf-8")
    try:
        return AgentChannel(domain).script(script, seconds=_INSIDE_SECONDS).out
    # A guest that does not answer must not end the reading of all the others.
    except ProviderError:
        return "silent"


def _network(one: Any) -> str:
    config = one.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)
    persistent = bool(one.isPersistent())
    # A reservation may be added to the running network alone. The rest of its live description
    # counts the machines on it.
    live = [ET.tostring(part) for part in parsed(one.XMLDesc(0)) if part.tag in ("dns", "ip")]
    return _print(config, *live, one.isActive(), persistent, persistent and one.autostart())


def _pool(one: Any) -> str:
    persistent = bool(one.isPersistent())
    autostart = persistent and one.autostart()
    return _print(pool.path_of(one), one.isActive(), persistent, autostart)


def _volume_key(facts: volumes.VolumeFacts) -> str:
    owned = Owned.parse(marks.of_file(facts.path))
    return owned.key if owned is not None else f"disk/{facts.pool}/{facts.name}"


def _volume(facts: volumes.VolumeFacts, user: str) -> str:
    used: tuple[object, ...] = (user,)
    if not user:
        try:
            status = Path(facts.path).stat()
        except FileNotFoundError:
            return ""
        used = (status.st_mtime_ns, status.st_size)
    return _print(facts.path, facts.format, facts.capacity, facts.backing, *used)


def _remove_pool(connection: Any, name: str) -> None:
    """The pool, and its folder if we made it and nothing is left in it."""
    one = found(connection.storagePoolLookupByName, name)
    if one is None:
        return
    folder = Path(pool.path_of(one))
    kept.remove(one)
    if marks.of_file(folder) and not any(folder.iterdir()):
        folder.rmdir()


def _strays(one: Any) -> dict[str, str]:
    """What is in the pool's folder but is no volume."""
    known = {str(volume.name()) for volume in one.listAllVolumes(0)}
    strays: dict[str, str] = {}
    try:
        with os.scandir(pool.path_of(one)) as folder:
            for entry in folder:
                if entry.name not in known and not entry.is_dir(follow_symlinks=False):
                    target = str(Path(entry.path).readlink()) if entry.is_symlink() else ""
                    mode = entry.stat(follow_symlinks=False).st_mode
                    strays[f"stray/{one.name()}/{entry.name}"] = f"{mode:o} {target}".strip()
    except OSError:
        # A pool that is no folder; or the entry is gone again.
        return strays
    return strays


def _remove_stray(connection: Any, name: str) -> None:
    in_pool, _, file = name.partition("/")
    one = found(connection.storagePoolLookupByName, in_pool)
    if one is not None and f"stray/{name}" in _strays(one):
        Path(pool.path_of(one), file).unlink(missing_ok=True)


def _remove_volume(connection: Any, name: str) -> None:
    """`name` is NAME for a volume with a mark, POOL/NAME for one without."""
    in_pool, slash, volume_name = name.rpartition("/")
    for one in connection.listAllStoragePools(0):
        if not one.isActive() or (slash and one.name() != in_pool):
            continue
        volumes.refresh(one)
        volume = found(one.storageVolLookupByName, volume_name)
        if volume is None:
            continue
        if slash or marks.of_file(volume.path()).endswith(f":disk/{name}"):
            quietly_absent(lambda gone=volume: gone.delete(0))  # type: ignore[misc]


def _print(*facts: object) -> str:
    return digest.of([str(fact) for fact in facts])
