"""Makes VMs: from a saved state where one fits, else by booting."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final
from xml.etree import ElementTree as ET

import libvirt

from lab_engine.common import digest
from lab_engine.common.resource import Resource, Stage
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent import (
    appendix,
    domain_xml,
    marks,
    roots,
    states,
    volumes,
)
from lab_engine.families.libvirt.agent.connection import connect, found, quietly_absent, told
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.libvirt.guests import accelerator, renewal, small
from lab_engine.families.libvirt.guests.agent_channel import AgentChannel, GuestSilent
from lab_engine.families.libvirt.resources import VM
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

_UUIDS: Final = uuids.UUID("0b6f7d3e-5c0f-5f0e-9a51-1f7a1ab00001")
_STATES: Final = {
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_BLOCKED: "running",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    # On its way down: its QEMU still runs.
    libvirt.VIR_DOMAIN_SHUTDOWN: "running",
    libvirt.VIR_DOMAIN_SHUTOFF: "shut",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "suspended",
}
# libvirt refuses to forget a domain that has any of these, unless it is told so
# (virDomainUndefineFlags).
_UNDEFINE: Final = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)
# One for what stands, one for a start that was under way, one to spare.
_REMOVALS: Final = 3
_SCHEMA_TRIES: Final = 3
# Restored guests answered within 0.5 to 2.3 s (measured under emulation).


def state_of(domain: Any) -> str:
    """`running`, `paused`, `shut`, `crashed` or `suspended`."""
    return _STATES.get(domain.state()[0], "unknown")


def _uuid(mark: Mark, key: str) -> str:
    """The same for the same VM of the same session each time it is made."""
    return str(uuids.uuid5(_UUIDS, mark.text(key)))


def remove(domain: Any) -> None:
    """Stop a domain at once and forget its definition, snapshots and managed save.

    Raises ProviderError when it comes back each time, which says that somebody is starting it.
    """
    for _ in range(_REMOVALS):
        if found(domain.isActive):
            quietly_absent(domain.destroy, libvirt.VIR_ERR_OPERATION_INVALID)
        if found(domain.isPersistent):
            _drop_snapshots(domain)
            quietly_absent(
                lambda: domain.undefineFlags(_UNDEFINE), libvirt.VIR_ERR_OPERATION_INVALID
            )
        # libvirtd ends a start that it has begun though the client that asked for it was killed.
        # Undefining waits for that start (it takes the domain's job), and what runs then is left
        # as a domain without a definition.
        if not found(domain.isActive):
            return
    raise ProviderError(
        f"the VM {domain.name()} runs again each time that it is stopped",
        hint="`virsh list --all` in the bench shows it, and `virsh event` who starts it.",
    )


def _drop_snapshots(domain: Any) -> None:
    """Take a domain's snapshots out of its disks, which may stay.

    Undefining forgets them and leaves them there; a new machine on the disk could take none of the
    same name ("Snapshot 'before' already exists in one or more devices").
    """
    for snapshot in found(domain.listAllSnapshots) or ():
        # Others have files of their own, and are merged by a machine that runs.
        if "snapshot='internal'" in snapshot.getXMLDesc():
            # One that cannot be taken out (its disk is gone) goes with the definition.
            with suppress(libvirt.libvirtError):
                snapshot.delete()


def _defined(connection: Any, xml: str) -> Any:
    """The domain of a description that libvirt has held against its schema."""
    # Of the first two that a libvirtd reads at one time, one may fail ("Error type 'int' is not
    # exported by type library"): libxml2 sets its types up once, and not for several threads.
    for _ in range(_SCHEMA_TRIES - 1):
        try:
            return connection.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        except libvirt.libvirtError as error:
            if "RelaxNG schema" not in str(error):
                raise
    return connection.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)


class VMProvider(Provider[VM]):
    """Domains whose mark is in their metadata."""

    resource: ClassVar[type[Resource]] = VM
    family: ClassVar[str] = "libvirt"
    limits: ClassVar[dict[str, float]] = {
        "observe": 15, "create": 300, "destroy": 40, "ready": 180,
    }  # fmt: skip

    def observe(self, wanted: Sequence[VM], mark: Mark) -> dict[str, Sighting]:
        connection = connect()
        seen: dict[str, Sighting] = {}
        with told("looking for VMs"):
            for vm in wanted:
                domain = found(connection.lookupByName, vm.name)
                seen[vm.name] = ABSENT if domain is None else self._sighting(vm, domain, mark)
        return seen

    def _sighting(self, vm: VM, domain: Any, mark: Mark) -> Sighting:
        text, made_from = marks.of_domain(domain)
        state = state_of(domain)
        facts = {"state": state, "uuid": domain.UUIDString()}
        ours = text == mark.text(vm.key)
        return Sighting(
            present=True,
            ours=ours,
            drift=self._drift(vm, domain, state, made_from) if ours else "",
            facts=facts,
        )

    def _drift(self, vm: VM, domain: Any, state: str, made_from: str) -> str:
        if made_from != digest.of(vm):
            return "was made from another description"
        if state != vm.state:
            return f"is {state}, wanted {vm.state}"
        if vm.files and not appendix.path(vm).exists():
            return "has lost the files that it starts with"
        if not domain.isPersistent():
            return "is not defined any more, it only runs"
        root = parsed(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        memory = int(root.findtext("memory", "0")) >> 10
        if memory != vm.memory:
            return f"has {memory} MiB, wanted {vm.memory}"
        now = int(root.findtext("currentMemory", "0")) >> 10
        if now != vm.current_memory:
            return f"has {now} MiB at present, wanted {vm.current_memory}"
        vcpu = root.find("vcpu")
        if vcpu is not None and int(vcpu.get("current") or vcpu.text or 0) != vm.vcpus:
            return f"has other CPUs than the wanted {vm.vcpus}"
        targets = {disk.get("dev", "") for disk in root.findall("devices/disk/target")}
        wanted = {*vm.targets(), "vda"} if vm.guest == "full" else set(vm.targets())
        if targets != wanted:
            return f"has the disks {sorted(targets)}, wanted {sorted(wanted)}"
        cards = {mac.get("address", "") for mac in root.findall("devices/interface/mac")}
        if cards != set(vm.macs()):
            return "has other network cards than wanted"
        if bool(domain.autostart()) != vm.autostart:
            return "has another autostart setting than wanted"
        return ""

    def create(self, wanted: VM, mark: Mark, say: Say) -> None:
        connection = connect()
        with told("looking for a VM of this name", wanted.key):
            there = found(connection.lookupByName, wanted.name)
            if there is not None:
                hint = f"Remove it with `virsh undefine {wanted.name}` if it is yours."
                marks.refuse(marks.of_domain(there)[0], mark, wanted, "a VM", hint)
        self.destroy(wanted.name, mark)
        root = ""
        if wanted.guest == "full":
            root = str(roots.path(wanted.name))
            roots.write(Path(root), mark.text(wanted.key))
        small.ensure()
        appendix.write(wanted, mark.text(wanted.key))
        answer = accelerator.find()
        machine = domain_xml.hardware(wanted, answer.domain_type, root)
        uuid = _uuid(mark, wanted.key)
        made = marks.element(mark, wanted.key, digest.of(wanted))
        disks = self._disks(wanted)
        cards = [
            domain_xml.interface(nic, mac, index)
            for index, (nic, mac) in enumerate(zip(wanted.networks, wanted.macs(), strict=True))
        ]
        own = str(appendix.path(wanted)) if wanted.files else machine.initramfs
        xml = domain_xml.domain(
            replace(machine, initramfs=own), wanted.name, uuid, mark=made,
            memory_now=wanted.current_memory, devices=(*disks, *cards),
        )  # fmt: skip
        with told("asking what QEMU can do", wanted.key):
            # A libvirtd that has just started asks QEMU first, for a second or so. Within the
            # definition, that would let a VM whose agent was killed come after its undoing.
            connection.getDomainCapabilities(
                accelerator.QEMU, "x86_64", "pc", answer.domain_type, 0
            )
        with told("defining it", wanted.key):
            domain = _defined(connection, xml)
            domain.setAutostart(int(wanted.autostart))
        if wanted.state == "shut":
            return
        if not self._restored(wanted, machine, uuid, made, (disks, cards), say):
            say(f"booting ({answer.accelerator})")
            with told("starting it", wanted.key):
                domain.create()
        if wanted.first_boot:
            self._first_boot(wanted, domain, say)
        if wanted.state == "paused":
            with told("pausing it", wanted.key):
                domain.suspend()

    def _disks(self, vm: VM) -> list[ET.Element]:
        found_disks: list[ET.Element] = []
        for index, (use, target) in enumerate(zip(vm.disks, vm.targets(), strict=True)):
            with told(f"looking for disk {use.disk}", vm.key):
                volume = volumes.find(use.disk)
            if volume is None:
                raise ProviderError(f"there is no disk {use.disk} in any pool", resource=vm.key)
            file = domain_xml.DiskFile(
                volume.path, volume.format, target, domain_xml.disk_slot(index)
            )
            found_disks.append(domain_xml.disk(file))
        return found_disks

    def _restored(
        self,
        vm: VM,
        machine: domain_xml.Hardware,
        uuid: str,
        made: ET.Element,
        devices: tuple[list[ET.Element], list[ET.Element]],
        say: Say,
    ) -> bool:
        """Start it from a saved state; False, and back to shut, when that does not work."""
        state: states.SavedState | None = None
        domain: Any = None
        try:
            state = states.find_or_make(machine, say)
            if machine.root:
                roots.write(Path(machine.root), made.get("mark", ""), state.root)
            boots = str(appendix.path(vm)) if vm.files else ""
            domain = states.restore(state, vm.name, uuid, made, machine.root, boots)
            with told("giving it its disks and cards", vm.key):
                for device in devices[0]:
                    self._plug(domain, device)
                domain.resume()
                say(f"started from a saved state ({machine.domain_type})")
                renewal.renew(AgentChannel(domain), vm.name, uuid, full=bool(machine.root))
                # Cards come last: with one the guest asks for an address at once, and by then it
                # has its own name.
                for device in devices[1]:
                    self._plug(domain, device)
                appendix.unpack(vm, AgentChannel(domain))
                if vm.current_memory != vm.memory:
                    domain.setMemoryFlags(vm.current_memory << 10, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        except ProviderError as error:
            say(f"starting it from a saved state did not work: {error.message}")
            if state is not None:
                # Else every further VM would stumble over it.
                states.forget(state)
            with told("stopping it again", vm.key):
                if domain is not None and domain.isActive():
                    domain.destroy()
            if machine.root:
                # What the restored guest has written so far belongs to another boot.
                roots.write(Path(machine.root), made.get("mark", ""))
            return False
        return True

    @staticmethod
    def _plug(domain: Any, device: ET.Element) -> None:
        # Live only: the definition has them already.
        domain.attachDeviceFlags(
            ET.tostring(device, encoding="unicode"), libvirt.VIR_DOMAIN_AFFECT_LIVE
        )

    @staticmethod
    def _first_boot(vm: VM, domain: Any, say: Say) -> None:
        channel = AgentChannel(domain)
        if not channel.wait(states.BOOT_SECONDS):
            raise GuestSilent("the guest did not boot in time", resource=vm.key)
        say("running its first-boot script")
        result = channel.script(vm.first_boot, seconds=60)
        if result.code:
            raise ProviderError(
                f"its first-boot script ended with {result.code}: {result.err.strip()}",
                resource=vm.key,
            )

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{VM.kind()}/{name}"
        with told("removing it", key):
            # The UUID follows from the mark, so a copy that a killed agent left is found by it.
            # First, so that a restore that libvirtd has not begun yet finds no file.
            states.sweep(_uuid(mark, key))
            domain = found(connect().lookupByName, name)
            if domain is not None and marks.of_domain(domain)[0] == mark.text(key):
                remove(domain)
        roots.remove(name, mark.text(key))
        appendix.remove(name, mark.text(key))

    def owned(self) -> Iterable[Owned]:
        with told("listing VMs"):
            texts = {marks.of_domain(domain)[0] for domain in connect().listAllDomains(0)}
        texts.update(roots.every_mark())
        texts.update(appendix.every_mark())
        return [owned for text in sorted(texts) if (owned := Owned.parse(text)) is not None]

    def reached(self, wanted: VM, stage: Stage) -> bool:
        with told("looking whether it is ready", wanted.key):
            domain = found(connect().lookupByName, wanted.name)
            if domain is None:
                return False
            if stage == "created" or wanted.state == "shut":
                return True
            if state_of(domain) != wanted.state:
                return False
            if stage == "running" or wanted.state == "paused":
                return True
            try:
                channel = AgentChannel(domain)
                if not channel.answers() or not self._has_addresses(wanted, channel):
                    return False
            except GuestSilent:
                # Busy after all, as a guest under emulation may be: ask again.
                return False
            # The guest gives memory back bit by bit.
            return bool(domain.info()[2] >> 10 == wanted.current_memory)

    @staticmethod
    def _has_addresses(vm: VM, channel: AgentChannel) -> bool:
        """Whether each card on a network with DHCP has an IPv4 address."""
        connection = connect()
        leased = {
            mac
            for nic, mac in zip(vm.networks, vm.macs(), strict=True)
            if "<dhcp>" in connection.networkLookupByName(nic.network).XMLDesc(0)
        }
        if not leased:
            return True
        have = {
            card.mac
            for card in channel.interfaces()
            if any("." in address for address in card.addresses)
        }
        return leased <= have
