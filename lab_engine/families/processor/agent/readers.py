"""What runs below, by the processor's own word (agent side)."""

from __future__ import annotations

import ctypes
import mmap
import platform
import struct
import subprocess
from collections.abc import Callable
from typing import Any, Final

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.processor.probes import HypervisorProbe, HypervisorReading

_CPUID: Final = bytes.fromhex("534989d089f889f10fa241890041895804418948084189500c5bc3")
"""void cpuid(leaf, subleaf, uint32 out[4]) in machine code for x86-64 (System V calling).

push rbx; mov r8, rdx; mov eax, edi; mov ecx, esi; cpuid; store eax, ebx, ecx, edx; pop rbx; ret.
Neither Python nor a file of the kernel tells these registers; /dev/cpu/*/cpuid wants a module.
"""
_FEATURES: Final = 1
_HYPERVISOR: Final = 0x40000000
_FLAG: Final = 1 << 31
_WORDS: Final = {
    "KVMKVMKVM": "kvm",
    "Linux KVM Hv": "kvm",
    "TCGTCGTCGTCG": "qemu",
    "VMwareVMware": "vmware",
    "Microsoft Hv": "microsoft",
    "XenVMMXenVMM": "xen",
    "VBoxVBoxVBox": "oracle",
    "bhyve bhyve ": "bhyve",
    " lrpepyh  vr": "parallels",
    "prl hyperv  ": "parallels",
    "ACRNACRNACRN": "acrn",
    "QNXQVMBSQG": "qnx",
    "SRESRESRESRE": "sre",
    "Apple VZ": "apple",
}
"""As systemd 257 has them (src/basic/virt.c)."""
_TOOL: Final = "/usr/bin/systemd-detect-virt"


def _cpuid(leaf: int) -> tuple[int, int, int, int]:
    with mmap.mmap(-1, len(_CPUID), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as code:
        code.write(_CPUID)
        buffer = ctypes.c_char.from_buffer(code)
        shape = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)
        out = (ctypes.c_uint32 * 4)()
        shape(ctypes.addressof(buffer))(leaf, 0, ctypes.addressof(out))
        # The map cannot be closed while something points into it.
        del buffer
        return out[0], out[1], out[2], out[3]


def hypervisor(_: HypervisorProbe) -> HypervisorReading:
    flag, signature = False, ""
    if platform.machine() == "x86_64":
        flag = bool(_cpuid(_FEATURES)[2] & _FLAG)
    if flag:
        signature = struct.pack("<3I", *_cpuid(_HYPERVISOR)[1:]).rstrip(b"\0").decode("latin-1")
    # The tool asks the firmware as well, where a cloud says its own name: Amazon's processor
    # answers as KVM's, and both words are right there.
    said = subprocess.run(
        [_TOOL, "--vm"], capture_output=True, text=True, timeout=5, check=False
    ).stdout.strip()
    by_letters = _WORDS.get(signature, "")
    words = tuple(dict.fromkeys(word for word in (said, by_letters) if word not in ("", "none")))
    return HypervisorReading(flag=flag, signature=signature, words=words or ("none",))


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {HypervisorProbe: hypervisor}
