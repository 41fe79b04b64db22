"""KVM or emulation (TCG): found out by really running a guest for a moment.

That `/dev/kvm` exists and opens proves nothing: there are machines on which a guest never gets to
run, and a probe by bare system calls says yes there. So QEMU boots a sector of seven bytes of
code that write to its debug-exit port, and has two seconds for it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final, Literal

import msgspec

from lab_engine.common import replacing

Accelerator = Literal["kvm", "tcg"]

QEMU: Final = "/usr/bin/qemu-system-x86_64"
DEVICE: Final = Path("/dev/kvm")
# In /run, which is empty after a restart of the bench: it may have been moved to another machine.
ANSWER: Final = Path("/run/infralab/accelerator.json")
# Where KVM does not work, the guest hangs and nothing ends it. Where it works, or under emulation,
# the sector is through in 0.17 to 0.46 s (measured, 8 runs).
SECONDS: Final = 2.0

_CODE: Final = bytes((0xB0, 0x10, 0xE6, 0xF4, 0xF4, 0xEB, 0xFD))
"""mov al, 0x10; out 0xf4, al; then hlt for ever."""
_SECTOR: Final = _CODE.ljust(510, b"\0") + b"\x55\xaa"
_WORKED: Final = 0x10 << 1 | 1
"""isa-debug-exit ends QEMU with twice the value plus one."""


class AcceleratorAnswer(msgspec.Struct, frozen=True):
    """Which one VMs use, and why, as a sentence."""

    accelerator: Accelerator
    reason: str

    @property
    def domain_type(self) -> str:
        """The `type` of a libvirt domain."""
        return "kvm" if self.accelerator == "kvm" else "qemu"


def find() -> AcceleratorAnswer:
    """What this bench uses. Tried once a boot of the bench; `INFRALAB_ACCELERATOR` overrides."""
    wanted = os.environ.get("INFRALAB_ACCELERATOR", "auto")
    if wanted == "tcg":
        return AcceleratorAnswer("tcg", "emulation was asked for in the settings")
    try:
        return msgspec.json.decode(ANSWER.read_bytes(), type=AcceleratorAnswer)
    except (OSError, msgspec.DecodeError):
        answer = probe()
    try:
        ANSWER.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replacing.write(ANSWER, msgspec.json.encode(answer))
    except OSError:
        # Without the note it is tried again next time; the answer holds all the same.
        return answer
    return answer


def probe() -> AcceleratorAnswer:
    """Try KVM, at most two seconds."""
    if not DEVICE.exists():
        return AcceleratorAnswer("tcg", f"there is no {DEVICE}")
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return AcceleratorAnswer("tcg", f"{DEVICE} exists, but may not be opened")
    problem = _run("kvm")
    if not problem:
        return AcceleratorAnswer("kvm", f"a guest ran on {DEVICE}")
    return AcceleratorAnswer("tcg", f"{DEVICE} exists, but {problem}")


def _run(accelerator: Accelerator) -> str:
    """Why a guest does not run, or nothing when it does."""
    with tempfile.NamedTemporaryFile(prefix="infralab-boot-") as disk:
        disk.write(_SECTOR)
        disk.flush()
        command = [
            QEMU, "-accel", accelerator, "-m", "16", "-nodefaults", "-no-user-config",
            # -no-reboot: a guest that crashes ends QEMU instead of beginning again until the time
            # is up.
            "-display", "none", "-no-reboot", "-drive", f"file={disk.name},format=raw,if=ide",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"a guest did not come to run on it within {SECONDS:g} s"
        except OSError as error:
            return f"QEMU cannot be started: {error.strerror}"
    if done.returncode == _WORKED:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"QEMU gave up on it: {said[-1]}" if said else f"QEMU ended with {done.returncode}"
