"""QEMU's command line for a machine: this one, and those that tests boot.

A kernel is given to QEMU as a file, and finds its disk by drivers that are built in: no boot loader
and no initramfs. The console is kept in a ring in QEMU's memory, so that a guest that writes to it
without end fills no disk of this computer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_engine.machine.accelerator import Accelerator

QEMU: Final = "qemu-system-x86_64"
CONSOLE: Final = "console"
CONSOLE_BYTES: Final = 1 << 16
ADDRESS: Final = "10.0.2.15"
ARGUMENTS: Final = (
    "console=ttyS0", "root=/dev/nvme0n1", "rootfstype=ext4", "rw", "net.ifnames=0", "quiet",
    "panic=-1", "systemd.show_status=false",
)  # fmt: skip
EMULATED: Final = ("cryptomgr.notests", "mitigations=off", "no_timer_check")
"""Kernel arguments for emulation: the self-tests of the crypto code cost a fifth of the boot, an
emulated processor guesses nothing ahead, and an emulated timer may come late on a busy computer."""
SANDBOX: Final = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
"""QEMU itself may start no program and become nobody else, should a guest break out into it."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a machine has.

    Args:
        memory: bytes.
        cpus: processors.
        kernel: the kernel's file.
        root: the system's disk, whose changes are not kept.
        docker: the engine's disk.
        keys: a tar with the keys of this start.
        monitor: where QEMU's monitor listens.
        pid: where QEMU writes its process id.
        internet: whether the machine reaches what this computer reaches.
    """

    memory: int
    cpus: int
    kernel: Path
    root: Path
    docker: Path
    keys: Path
    monitor: Path
    pid: Path
    internet: bool = False


def argv(hardware: Hardware, accelerator: Accelerator) -> list[str]:
    """The words of the command line, the program first."""
    more = EMULATED if accelerator.emulated else ()
    return [
        QEMU, "-name", "infralab-machine", "-nodefaults", "-no-user-config", "-display", "none",
        "-no-reboot", *processors(accelerator, hardware.cpus), "-m", f"{hardware.memory >> 20}M",
        "-kernel", str(hardware.kernel), "-append", " ".join((*ARGUMENTS, *more)),
        # By NVMe, whose driver is built into Debian's cloud kernel; nothing of it is kept, so
        # nothing waits for this computer's disk.
        *_drive("root", hardware.root, "format=qcow2,cache=unsafe", "nvme"),
        *_drive("docker", hardware.docker, "format=qcow2,discard=unmap,detect-zeroes=unmap"),
        *_drive("keys", hardware.keys, "format=raw,readonly=on"),
        "-netdev", _network(internet=hardware.internet),
        # Nothing is booted by the network: no ROM of the card's is needed.
        "-device", "virtio-net-pci,netdev=net,romfile=",
        "-device", "virtio-rng-pci",
        # Memory that the guest does not use goes back to this computer.
        "-device", "virtio-balloon-pci,free-page-reporting=on",
        "-chardev", f"ringbuf,id={CONSOLE},size={CONSOLE_BYTES}", "-serial", f"chardev:{CONSOLE}",
        "-qmp", f"unix:{_escaped(hardware.monitor)},server=on,wait=off",
        "-pidfile", str(hardware.pid), "-sandbox", SANDBOX,
    ]  # fmt: skip


def processors(accelerator: Accelerator, cpus: int) -> list[str]:
    """How QEMU runs the guest's processors."""
    if accelerator.emulated:
        return ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max", "-smp", str(cpus)]
    # The host's own processor, with vmx or svm where nested guests are possible.
    return ["-accel", "kvm", "-cpu", "host", "-smp", str(cpus)]


def _drive(name: str, path: Path, options: str, device: str = "virtio-blk-pci") -> Sequence[str]:
    drive = f"if=none,id={name},file={_escaped(path)},{options}"
    return ("-drive", drive, "-device", f"{device},drive={name},serial={name}")


def _network(*, internet: bool) -> str:
    """QEMU's own network, in which the machine is alone.

    Unless it is restricted, the guest reaches this computer's own services on 10.0.2.2, those on
    127.0.0.1 too. QEMU picks a free port for ssh (0), so that two machines never want the same.
    """
    rest = "off" if internet else "on"
    return f"user,id=net,ipv6=off,restrict={rest},hostfwd=tcp:127.0.0.1:0-{ADDRESS}:22"


def _escaped(path: Path) -> str:
    """A path in a list of options, where a comma is written twice."""
    return str(path).replace(",", ",,")
