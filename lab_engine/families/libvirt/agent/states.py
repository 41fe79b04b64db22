"""Saved states: a guest is booted once, saved, and every further VM of the recipe starts from that.

What is saved is a VM without disks of its own and without network cards; those are plugged in after
the restore, each with its own file and hardware address. A state fits only the very same hardware,
guest, QEMU, libvirt and CPU, so all of these are its key; where none fits, a guest is booted.
"""

from __future__ import annotations

import shutil
import threading
import time
import uuid as uuids
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import libvirt
import msgspec

from lab_engine.common import digest, replacing
from lab_engine.errors import ProviderError
from lab_engine.families.libvirt.agent import domain_xml, roots
from lab_engine.families.libvirt.agent.connection import connect, found, quietly_absent, told
from lab_engine.families.libvirt.agent.domain_xml import Hardware
from lab_engine.families.libvirt.agent.parsed import parsed
from lab_engine.families.libvirt.guests import accelerator, full, renewal, small
from lab_engine.families.libvirt.guests.agent_channel import AgentChannel
from lab_engine.families.libvirt.guests.save_file import clone
from lab_engine.families.provider import Say

SHARED: Final = Path("/var/cache/infralab/states")
OWN: Final = Path("/var/lib/infralab/states")
# A tmpfs: a copy of a state of 71 MiB takes 0.04 to 0.08 s there (measured).
WORK: Final = Path("/run/infralab/restore")
# Measured under emulation on two shared cores: 4 to 12 s for the small guest, 13 to 53 s for the
# full one.
BOOT_SECONDS: Final = 180.0
_SETTLE_SECONDS: Final = 0.5
_FORMAT: Final = 2
_READY: Final = """
[ -d /run/systemd/system ] && systemctl is-system-running --wait
sync
echo 3 > /proc/sys/vm/drop_caches
"""
"""Run in a guest before it is saved: what still boots would boot again in every copy."""
_locks: dict[str, threading.Lock] = {}
_locks_lock = threading.Lock()
_TEMPLATE: Final = "infralab-template-"
_booting: set[str] = set()
"""The guests that this process is about to save, by name; guarded by `_locks_lock`."""


class Facts(msgspec.Struct, frozen=True):
    """Everything that must be the same for a saved state to fit."""

    guest: str
    qemu: int
    libvirt: int
    machine: str
    accelerator: str
    cpu: str
    hardware: str
    format: int = _FORMAT

    @property
    def key(self) -> str:
        return digest.of_bytes(msgspec.json.encode(self))[:20]


@dataclass(frozen=True, slots=True)
class SavedState:
    """A state's folder, with `memory.save` and, for a guest on a disk, `root.qcow2`."""

    folder: Path

    @property
    def memory(self) -> Path:
        return self.folder / "memory.save"

    @property
    def root(self) -> Path:
        return self.folder / "root.qcow2"


def facts(machine: Hardware) -> Facts:
    """What a saved state for `machine` must have been made with."""
    connection = connect()
    with told("asking for its version"):
        return Facts(
            full.recipe() if machine.root else small.recipe(),
            connection.getVersion(),
            connection.getLibVersion(),
            _canonical_machine(machine.domain_type),
            machine.domain_type,
            _cpu(machine.domain_type),
            # Where a guest's disk lies in the bench does not show in its memory.
            digest.of_bytes(repr(replace(machine, root="")).encode())[:20],
        )


def find(wanted: Facts) -> SavedState | None:
    """A state that fits, from the shared cache before this bench's own."""
    for folder in (SHARED, OWN):
        if (folder / wanted.key / "facts.json").exists():
            return SavedState(folder / wanted.key)
    return None


def find_or_make(machine: Hardware, say: Say, folder: Path = OWN) -> SavedState:
    """A state that fits; where there is none, a guest is booted and saved in `folder`.

    Raises:
        ProviderError: the guest did not boot, or the state could not be written.
    """
    wanted = facts(machine)
    with _locks_lock:
        # One boot for all that wait for the same state.
        lock = _locks.setdefault(wanted.key, threading.Lock())
    with lock:
        state = find(wanted)
        if state is None:
            say(f"no saved state fits ({wanted.accelerator}, {machine.memory} MiB): booting one")
            with _locks_lock:
                _booting.add(_template(wanted.key))
            try:
                state = _make(machine, wanted, folder)
            finally:
                with _locks_lock:
                    _booting.discard(_template(wanted.key))
        return state


def restore(
    state: SavedState,
    name: str,
    uuid: str,
    mark: ET.Element,
    root: str = "",
    initramfs: str = "",
) -> Any:
    """Start the defined domain `name` from a saved state; it is paused, without cards and disks.

    `root` is the path of a full guest's own disk, a copy of the state's; `initramfs` what it boots
    from when it is reset. Returns the `libvirt.virDomain`. Raises ProviderError when the state does
    not fit after all.
    """
    WORK.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = WORK / f"{uuid}.save"
    try:
        clone(
            state.memory,
            copy,
            lambda xml: domain_xml.renamed(xml, name, uuid, mark, root, initramfs),
        )
        connection = connect()
        with told(f"restoring VM {name} from its saved state"):
            # Paused: it must not run on before it has its own cards and disks.
            connection.restoreFlags(str(copy), None, libvirt.VIR_DOMAIN_SAVE_PAUSED)
            return connection.lookupByName(name)
    except OSError as error:
        raise ProviderError(f"the saved state cannot be copied: {error}") from error
    finally:
        copy.unlink(missing_ok=True)


def sweep(uuid: str) -> None:
    """Remove what a killed agent left: guests that it was about to save, and half-made copies.

    `uuid` is that of the VM whose copy of a state may be left.
    """
    (WORK / f"{uuid}.save").unlink(missing_ok=True)
    # Held to the end: a guest that is about to be booted is told under it first, so that nobody
    # takes it for left over.
    with _locks_lock:
        for domain in connect().listAllDomains(0):
            name = domain.name()
            if name.startswith(_TEMPLATE) and name not in _booting:
                _remove(domain)
        for half_made in OWN.glob("*.new"):
            if _template(half_made.stem) not in _booting:
                shutil.rmtree(half_made, ignore_errors=True)


def forget(state: SavedState) -> None:
    """Remove a state that turned out not to work, if it is this bench's own."""
    # The shared cache has one writer, which is not this bench.
    if state.folder.parent == OWN:
        shutil.rmtree(state.folder, ignore_errors=True)


def _make(machine: Hardware, wanted: Facts, folder: Path) -> SavedState:
    done = folder / wanted.key
    try:
        with replacing.folder(done, mode=0o700) as fresh:
            if machine.root:
                roots.write(fresh / "root.qcow2", "")
                machine = replace(machine, root=str(fresh / "root.qcow2"))
            _boot_and_save(machine, _template(wanted.key), fresh / "memory.save")
            (fresh / "facts.json").write_bytes(msgspec.json.encode(wanted))
    except OSError as error:
        raise ProviderError(
            f"the state of a guest cannot be saved in {folder}: {error}",
            hint="`df -h` in the bench shows whether its disk is full.",
        ) from error
    return SavedState(done)


def _boot_and_save(machine: Hardware, name: str, memory: Path) -> None:
    """Boot a guest called `name`, and save it to `memory` once it is at rest."""
    connection = connect()
    with told("booting a guest to be saved"):
        _remove(found(connection.lookupByName, name))
        # Not defined, so nothing of it is left once it has ended.
        domain = connection.createXML(domain_xml.domain(machine, name, str(uuids.uuid4())), 0)
    try:
        channel = AgentChannel(domain)
        if not channel.wait(BOOT_SECONDS):
            raise ProviderError(
                f"a guest did not boot within {BOOT_SECONDS:g} s",
                hint="`infralab doctor` says whether this machine is very slow.",
            )
        time.sleep(_SETTLE_SECONDS)
        # Else what is cached would be saved too, and copied for every VM.
        channel.script(_READY, seconds=BOOT_SECONDS)
        if not machine.root:
            channel.script(renewal.AWAITS_NAME, seconds=BOOT_SECONDS)
        with told("saving a booted guest"):
            domain.saveFlags(str(memory), None, 0)
    finally:
        with told("removing the guest that was saved"):
            _remove(domain)


def _template(key: str) -> str:
    return f"{_TEMPLATE}{key[:8]}"


def _remove(domain: Any) -> None:
    if domain is not None:
        quietly_absent(domain.destroy, libvirt.VIR_ERR_OPERATION_INVALID)


@cache
def _canonical_machine(domain_type: str) -> str:
    """The version of the machine type, such as `pc-i440fx-10.0`."""
    text = connect().getDomainCapabilities(accelerator.QEMU, "x86_64", "pc", domain_type, 0)
    machine = parsed(text).findtext("machine")
    return machine or "pc"


@cache
def _cpu(domain_type: str) -> str:
    """The CPU that guests see: QEMU's own model under emulation, else the host's."""
    if domain_type != "kvm":
        return "qemu64"
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n", 1)[0].splitlines()
    told_apart = [line for line in lines if line.startswith(("model name", "flags", "microcode"))]
    return digest.of_bytes("\n".join(told_apart).encode())[:16]
