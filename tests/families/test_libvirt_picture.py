"""The picture of libvirt's things: networks by their names, and what nothing uses yet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.drawing import Parts, Questions
from lab_engine.families.libvirt import picture
from lab_engine.families.libvirt.probes.domain import (
    DomainDisk,
    DomainListProbe,
    DomainListReading,
    DomainProbe,
    DomainReading,
)
from lab_engine.families.libvirt.probes.network import (
    VirtualNetworkProbe,
    VirtualNetworkReading,
    VirtualNetworksProbe,
    VirtualNetworksReading,
)
from lab_engine.families.libvirt.probes.storage import (
    PoolProbe,
    PoolReading,
    PoolsProbe,
    PoolsReading,
    PoolSummary,
)
from lab_engine.protocol import Answer

VM = DomainReading(
    state="running", disks=(DomainDisk("vda", "/a", pool="used", volume="a"),), persistent=True
)
UP = VirtualNetworkReading(active=True, bridge="virbr4", address="10.9.0.1/24", mode="nat")
DOWN = VirtualNetworkReading(bridge="virbr5", address="10.8.0.1/24", mode="nat")


def drawn(
    networks: Mapping[str, VirtualNetworkReading],
    pools: Sequence[PoolSummary],
    *,
    given: tuple[str, ...] = (),
    vms: Mapping[str, DomainReading] | None = None,
) -> Parts:
    vms = vms or {}
    known: dict[Probe[Any], msgspec.Struct] = {
        DomainListProbe(): DomainListReading(tuple(vms)),
        VirtualNetworksProbe(): VirtualNetworksReading(tuple(sorted(networks)), given),
        PoolsProbe(): PoolsReading(tuple(pools)),
    }
    known |= {DomainProbe(name): one for name, one in vms.items()}
    known |= {VirtualNetworkProbe(name): one for name, one in networks.items()}
    known |= {
        PoolProbe(one.name): PoolReading(active=True, type="dir", volumes=one.added)
        for one in pools
    }

    async def ask(probes: Sequence[Probe[Any]]) -> list[Answer]:
        return [Answer(msgspec.Raw(msgspec.json.encode(known[one]))) for one in probes]

    parts = Parts()
    asyncio.run(picture.read(Questions(ask), parts))
    return parts


def test_a_network_that_nothing_uses_has_its_own_name() -> None:
    parts = drawn({"shelf": UP}, [])
    node = parts.nodes["virtual-network/shelf"]
    assert node.name == "shelf"
    assert ("bridge", "virbr4") in node.facts
    # So the kernel's bridge is not drawn beside it.
    assert parts.bridges["virbr4"] == node.key


def test_a_network_that_the_learner_has_only_defined() -> None:
    node = drawn({"shelf": DOWN}, []).nodes["virtual-network/shelf"]
    assert (node.state, node.on) == ("down", False)


def test_a_step_s_own_network_is_there_as_far_as_its_bridge_is() -> None:
    assert list(drawn({"a": UP, "b": DOWN}, [], given=("a", "b")).nodes) == ["virtual-network/a"]


def test_a_learner_s_pool_is_there_before_anything_uses_it() -> None:
    parts = drawn({}, [PoolSummary("mine", added=("x.qcow2",)), PoolSummary("empty")])
    assert set(parts.nodes) == {"pool/mine", "pool/empty", "volume/mine/x.qcow2"}


def test_a_step_s_own_pool_is_there_once_something_is_in_it() -> None:
    untouched = [PoolSummary("given", given=True)]
    assert list(drawn({}, untouched).nodes) == []
    filled = [PoolSummary("given", given=True, added=("x.qcow2",))]
    assert "volume/given/x.qcow2" in drawn({}, filled).nodes


def test_a_step_s_own_pool_that_a_machine_uses() -> None:
    parts = drawn({}, [PoolSummary("used", given=True)], vms={"web": VM})
    assert {"vm/web", "pool/used", "volume/used/a"} <= set(parts.nodes)
