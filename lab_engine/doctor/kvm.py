"""KVM: whether a guest really runs on it, and what to do where none does."""

from __future__ import annotations

import re
import sys
from typing import Final

from lab_engine.doctor.engine import Engine
from lab_engine.doctor.machine import Finding, Machine, State, me, sudo
from lab_engine.machine import accelerator, kvm_guest

DEVICE: Final = "/dev/kvm"
SECONDS: Final = accelerator.SECONDS
EMULATOR: Final = (
    "Speed: VMs run in QEMU's emulator. Every lesson works, a VM takes seconds longer to start."
)


def kvm(machine: Machine, engine: Engine) -> Finding:
    """Run a guest on KVM for a moment, in a process of its own that is ended after two seconds."""
    name = "KVM"
    if engine.remote:
        return Finding(name, State.UNKNOWN, "is on another machine; the bench will tell")
    if not machine.exists(DEVICE):
        reason, mend = _why_not(machine)
        return Finding(name, State.LIMITED, f"there is no {DEVICE}: {reason}", EMULATOR, mend)
    if not machine.writable(DEVICE):
        return Finding(
            name,
            State.UNKNOWN,
            f"this user may not open {DEVICE}, so it was not tried. Nothing is lost: a bench opens "
            "it as root, and tries it by itself",
            mend=f"sudo {me(machine, 'doctor')}  (tries it)\n"
            "or, for programs of your own: sudo usermod -aG kvm $USER",
        )
    answer = machine.run(sys.executable, "-I", kvm_guest.__file__, DEVICE, limit=SECONDS)
    problem = accelerator.problem(answer.code, answer.out.strip())
    if not problem:
        return Finding(name, State.OK, f"a guest ran on {DEVICE}")
    reason, mend = _why_not(machine)
    return Finding(
        name, State.LIMITED, f"{DEVICE} is there, but {problem}: {reason}", EMULATOR, mend
    )


def _why_not(machine: Machine) -> tuple[str, str]:
    """What the CPU says about it, and what mends it."""
    cpu = machine.read("/proc/cpuinfo") or ""
    able = re.search(r"^flags\s*:.*\b(vmx|svm)\b", cpu, re.MULTILINE)
    if able:
        module = "kvm_intel" if able[1] == "vmx" else "kvm_amd"
        mend = sudo(machine, f"modprobe {module}")
        if machine.exists(f"/sys/module/{module}"):
            mend = sudo(machine, f"modprobe -r {module}") + f" && {mend}"
        return f"the CPU can ({able[1]})", mend
    if re.search(r"^flags\s*:.*\bhypervisor\b", cpu, re.MULTILINE):
        return (
            "this is a VM without nested virtualization",
            "Switch on nested virtualization for this VM at its host.",
        )
    return (
        "the CPU shows no vmx or svm",
        "Switch on virtualization (VT-x or AMD-V) in the firmware's set-up.",
    )
