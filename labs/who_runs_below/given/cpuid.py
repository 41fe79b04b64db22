"""Ask the processor who made it, and whether a hypervisor is below.

`cpuid` is an instruction, so this puts eleven of them into memory and calls them.
"""

import ctypes
import mmap
import platform
import struct
import sys

if platform.machine() != "x86_64":
    sys.exit("This processor has no such instruction.")

# push rbx; mov r8, rdx; mov eax, edi; mov ecx, esi; cpuid
# then eax, ebx, ecx and edx into the four words at r8; pop rbx; ret
CODE = bytes.fromhex("53 4989d0 89f8 89f1 0fa2 418900 41895804 41894808 4189500c 5b c3")
memory = mmap.mmap(-1, len(CODE), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
memory.write(CODE)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
call = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)(start)


def cpuid(number: int) -> list[int]:
    words = (ctypes.c_uint32 * 4)()
    call(number, 0, ctypes.addressof(words))
    return list(words)


def letters(*words: int) -> str:
    return struct.pack("<3I", *words).rstrip(b"\0").decode("latin-1")


_, b, c, d = cpuid(0)
print("made by:", letters(b, d, c))
below = cpuid(1)[2] >> 31
print("the bit for hypervisors:", below)
if below:
    print("at 0x40000000:", letters(*cpuid(0x40000000)[1:]))
