"""Makes snapshots of VMs: internal ones, disks and memory together. The mark is the description."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

from lab_engine.common.resource import Resource
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent.connection import connect, found, quietly_absent, told
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.libvirt.guests.agent_channel import AgentChannel
from lab_engine.families.libvirt.resources import Snapshot
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting


def described(snapshot: Any) -> str:
    """The description of a `libvirt.virDomainSnapshot`."""
    root = parsed(snapshot.getXMLDesc(0))
    return root.findtext("description", "")


class SnapshotProvider(Provider[Snapshot]):
    """Snapshots whose description is their mark."""

    resource: ClassVar[type[Resource]] = Snapshot
    family: ClassVar[str] = "libvirt"

    def observe(self, wanted: Sequence[Snapshot], mark: Mark) -> dict[str, Sighting]:
        seen: dict[str, Sighting] = {}
        with told("looking for snapshots"):
            for one in wanted:
                domain = found(connect().lookupByName, one.vm)
                there = None if domain is None else found(domain.snapshotLookupByName, one.name)
                seen[one.name] = (
                    ABSENT
                    if there is None
                    else Sighting(present=True, ours=described(there) == mark.text(one.key))
                )
        return seen

    def create(self, wanted: Snapshot, mark: Mark, say: Say) -> None:
        with told("taking it", wanted.key):
            domain = found(connect().lookupByName, wanted.vm)
            if domain is None:
                raise ProviderError(f"there is no VM {wanted.vm}", resource=wanted.key)
            there = found(domain.snapshotLookupByName, wanted.name)
            if there is not None and described(there) != mark.text(wanted.key):
                raise ProviderError(
                    f"VM {wanted.vm} has a snapshot of this name, and it is not of this lesson",
                    resource=wanted.key,
                    hint=f"`virsh snapshot-delete {wanted.vm} {wanted.name}` removes it.",
                )
            self.destroy(wanted.name, mark)
            root = ET.Element("domainsnapshot")
            ET.SubElement(root, "name").text = wanted.name
            ET.SubElement(root, "description").text = mark.text(wanted.key)
            domain.snapshotCreateXML(ET.tostring(root, encoding="unicode"), 0)
        if wanted.then:
            result = AgentChannel(domain).script(wanted.then)
            if result.code:
                raise ProviderError(
                    f"what should happen after it ended with {result.code}: {result.err.strip()}",
                    resource=wanted.key,
                )

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{Snapshot.kind()}/{name}"
        with told("removing it", key):
            for domain in connect().listAllDomains(0):
                snapshot = found(domain.snapshotLookupByName, name)
                if snapshot is not None and described(snapshot) == mark.text(key):
                    quietly_absent(snapshot.delete)

    def owned(self) -> Iterable[Owned]:
        with told("listing snapshots"):
            texts = [described(snapshot) for snapshot in _all()]
        return [owned for text in texts if (owned := Owned.parse(text)) is not None]


def _all() -> Iterator[Any]:
    for domain in connect().listAllDomains(0):
        yield from domain.listAllSnapshots(0)
