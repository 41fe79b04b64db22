"""VMs and virtual networks of the bench's libvirt, as parts of the picture."""

from __future__ import annotations

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.libvirt.probes.domain import (
    DomainDisk,
    DomainInterface,
    DomainListProbe,
    DomainProbe,
    DomainReading,
)
from lab_engine.families.libvirt.probes.network import (
    VirtualNetworkProbe,
    VirtualNetworkReading,
    VirtualNetworksProbe,
)
from lab_engine.families.libvirt.probes.storage import PoolProbe, PoolReading, PoolsProbe


async def read(questions: Questions, parts: Parts) -> None:
    """Add the VMs, the networks that they are on, and the pools that their disks are in.

    What the learner made is added even if nothing uses it yet. What a step made is not, until
    something does; but a network that runs has a bridge, which is shown by the network's name.
    """
    listed, wires, stores = await questions.all(
        [DomainListProbe(), VirtualNetworksProbe(), PoolsProbe()]
    )
    names = listed.names if listed else ()
    domains = await questions.all([DomainProbe(name) for name in names])
    found = [(n, d) for n, d in zip(names, domains, strict=True) if d is not None]
    used = {card.network for _, d in found for card in _cards(d) if card.network}
    asked = sorted(used | set(wires.names if wires else ()))
    networks = dict(
        zip(asked, await questions.all([VirtualNetworkProbe(name) for name in asked]), strict=True)
    )
    own = used | (set(wires.names) - set(wires.given) if wires else set())
    for name, network in networks.items():
        if network is not None and (name in own or network.active):
            _network(name, network, parts)
    leases = {lease.mac: lease.address for one in networks.values() if one for lease in one.leases}
    for name, domain in found:
        _vm(name, domain, leases, parts)
    filled = {disk.pool for _, domain in found for disk in _disks(domain) if disk.pool}
    made = {one.name for one in (stores.pools if stores else ()) if one.added or not one.given}
    pools = sorted(filled | made)
    for name, pool in zip(pools, await questions.all([PoolProbe(n) for n in pools]), strict=True):
        if pool is not None:
            _pool(name, pool, parts)


def _disks(domain: DomainReading) -> tuple[DomainDisk, ...]:
    return domain.disks if domain.running else domain.config_disks


def _pool(name: str, pool: PoolReading, parts: Parts) -> None:
    key, state = f"pool/{name}", "up" if pool.active else "down"
    facts = [("type", pool.type), ("path", pool.path), ("volumes", str(len(pool.volumes)))]
    parts.add(Node(key, "pool", name, state, pool.active, tuple(facts)))
    for one in pool.volumes:
        volume = f"volume/{name}/{one}"
        parts.add(Node(volume, "volume", one))
        parts.join(volume, key)


def _cards(domain: DomainReading) -> tuple[DomainInterface, ...]:
    return domain.interfaces or domain.config_interfaces


def _network(name: str, network: VirtualNetworkReading, parts: Parts) -> None:
    key = f"virtual-network/{name}"
    facts = [("mode", network.mode), ("address", network.address), ("bridge", network.bridge)]
    facts += [
        (f"kept for {one.hostname or one.mac}", one.address)
        for one in network.reservations or network.config_reservations
    ]
    if network.bridge:
        parts.bridges[network.bridge] = key
    state = "up" if network.active else "down"
    shown = tuple((what, value) for what, value in facts if value)
    parts.add(Node(key, "network", name, state, network.active, shown))


def _vm(name: str, domain: DomainReading, leases: dict[str, str], parts: Parts) -> None:
    key = f"vm/{name}"
    running = domain.running
    memory = domain.memory if running else domain.config_memory
    cpus = domain.vcpus if running else domain.config_vcpus
    state = "off" if domain.state == "shut" else domain.state
    facts = [("state", state), ("memory", f"{memory} MiB"), ("CPUs", str(cpus))]
    if running:
        how = "KVM" if domain.type == "kvm" else "emulated (TCG)"
        facts.append(("runs with", how))
    disks = _disks(domain)
    facts += [(f"disk {disk.target}", disk.volume or disk.source) for disk in disks]
    if domain.snapshots:
        facts.append(("snapshots", ", ".join(one.name for one in domain.snapshots)))
    parts.add(Node(key, "vm", name, state, running, tuple(facts), f"vm:{name}" if running else ""))
    for card in _cards(domain):
        if card.network:
            parts.join(key, f"virtual-network/{card.network}", leases.get(card.mac, ""))
    for disk in disks:
        if disk.volume:
            volume = f"volume/{disk.pool}/{disk.volume}"
            parts.add(Node(volume, "volume", disk.volume))
            parts.join(key, volume, disk.target)
