"""QEMU for a moment: a machine with nothing but a serial port, and a disk at most.

It runs as the user that libvirt's machines run as, and may neither start programs nor become
somebody else (qemu(1), `-sandbox`): what it starts is a stranger's.
"""

from __future__ import annotations

import os
import pwd
import selectors
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from lab_engine.common.patience import patient
from lab_engine.families.boot.probes import Boot, Booted
from lab_engine.families.libvirt.guests import accelerator

_USER: Final = "libvirt-qemu"
_GROUP: Final = "kvm"
_SANDBOX: Final = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
_TEXT: Final = 64 << 10
"""Bytes of the serial line that are kept; a system that says more is ended."""
_SILENT_SECONDS: Final = 10.0
"""A system that spoke, and has said nothing for so long, is not waited for any more."""
_DISK_SECONDS: Final = 20.0
_END_SECONDS: Final = 5.0


def disk(path: Path, size: int) -> None:
    """Make a file of `size` MiB with an empty ext4 filesystem. Raises SubprocessError."""
    with path.open("wb") as file:
        file.truncate(size << 20)
    subprocess.run(
        ["/usr/sbin/mkfs.ext4", "-q", "-E", "root_owner=0:0", str(path)],
        check=True, capture_output=True, timeout=_DISK_SECONDS,
    )  # fmt: skip


def hand_over(folder: Path) -> None:
    """Give the machine's user a folder and what is in it."""
    account = pwd.getpwnam(_USER)
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)


def command(kernel: str, initramfs: str, append: str, memory: int, disk: str) -> list[str]:
    """QEMU's words; `memory` in MiB, `disk` empty for none."""
    words = [
        accelerator.QEMU, "-accel", accelerator.find().accelerator, "-m", str(memory),
        "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
        # A machine that panics ends, instead of beginning again until the time is up.
        "-no-reboot", "-sandbox", _SANDBOX,
        "-kernel", kernel, "-initrd", initramfs, "-append", append,
    ]  # fmt: skip
    if disk:
        words += ["-drive", f"file={disk},if=virtio,format=raw,cache=unsafe"]
    return words


def run(words: list[str], boot: Boot, until: float) -> Booted:
    """Start it once, and end it at `until` (of the monotonic clock) at the latest.

    Raises OSError when it cannot be started.
    """
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        user=_USER, group=_GROUP, extra_groups=[], umask=0o077, start_new_session=True,
    ) as qemu:  # fmt: skip
        try:
            return _listen(qemu, boot, until)
        finally:
            qemu.kill()
            qemu.wait(_END_SECONDS)


def _listen(qemu: subprocess.Popen[bytes], boot: Boot, until: float) -> Booted:
    assert qemu.stdin is not None
    assert qemu.stdout is not None
    said = b""
    # One line after the other: typed all at once, the terminal's echo of the later ones would stand
    # in the midst of what the first ones print.
    waiting = [boot.after, *(_done(at) for at in range(len(boot.types)))]
    typed = 0
    os.set_blocking(qemu.stdout.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(qemu.stdout, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0 and len(said) < _TEXT:
            # Until its first word it may be anywhere: the kernel is quiet.
            if not selector.select(min(left, patient(_SILENT_SECONDS)) if said else left):
                break
            more = qemu.stdout.read()
            if more == b"":
                return Booted(_text(said), "itself")
            said += more or b""
            if waiting[typed].encode() not in said:
                continue
            if typed == len(boot.types):
                if boot.until.encode() in said and (boot.until or boot.types):
                    return Booted(_text(said), "seen")
                continue
            line = f"{boot.types[typed]}; echo {_done(typed, asked=True)}\n"
            typed += 1
            # A machine that has just ended takes nothing more, which the next read tells.
            with suppress(BrokenPipeError):
                qemu.stdin.write(line.encode())
                qemu.stdin.flush()
    return Booted(_text(said), "late")


def _done(at: int, *, asked: bool = False) -> str:
    """What says that a line is through: as it is typed, or as only a shell prints it."""
    return f"through-{at}-$((6*7))" if asked else f"through-{at}-42"


def _text(said: bytes) -> str:
    return said.decode(errors="replace").replace("\r\n", "\n").replace("\r", "")
