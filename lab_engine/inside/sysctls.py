"""Keeps the host's sysctls from being written in the bench (a program of its own, cgroup v2 only).

    sysctls.py CGROUP

/proc/sys outside net/ is the whole machine's. The mount at /proc is closed by the entrypoint, but a
lesson mounts a fresh one, and masks do not carry over to that. A program of the kernel's that is
asked at each writing of a sysctl does: it is attached to the bench's group, whatever the mount.
Free are those that belong to a namespace: net/, host and domain name, and System V and POSIX IPC.

Source: bpf(2); linux/bpf.h, BPF_PROG_TYPE_CGROUP_SYSCTL and bpf_sysctl_get_name; Linux 5.2.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Final

SYS_BPF: Final = {"x86_64": 321, "aarch64": 280}
PROG_LOAD: Final = 5
PROG_ATTACH: Final = 8
PROGRAM_TYPE: Final = 23
ATTACH_TYPE: Final = 18
ALLOW_MULTI: Final = 2
GET_NAME: Final = 101
ROOM: Final = 64
"""Bytes for the name; a longer one is cut off, which is enough for its beginning."""

FREE: Final = (
    "net/",
    "kernel/hostname\0",
    "kernel/domainname\0",
    "kernel/shm",
    "kernel/sem\0",
    "kernel/msg",
    "fs/mqueue/",
)
"""How the names begin that may be written; `\\0` is a name's end."""

R0, R1, R2, R3, R4, R10 = 0, 1, 2, 3, 4, 10
LOAD: Final = {1: 0x71, 2: 0x69, 4: 0x61}
MOVE, MOVE_REGISTER, ADD, CALL, EXIT = 0xB7, 0xBF, 0x07, 0x85, 0x95
JUMP_NOT_EQUAL: Final = 0x55


def instruction(
    code: int, target: int = 0, source: int = 0, offset: int = 0, value: int = 0
) -> bytes:
    """One instruction: code, both registers in a byte, a jump or an offset, a number."""
    return struct.pack("<BBhi", code, source << 4 | target, offset, value)


def program() -> bytes:
    """The instructions: 1 (go on) unless a sysctl that is not free is written."""
    allow = [instruction(MOVE, R0, value=1), instruction(EXIT)]
    body = [
        # Whether it is written: the first field of struct bpf_sysctl.
        instruction(LOAD[4], R0, R1),
        instruction(JUMP_NOT_EQUAL, R0, offset=2),
        *allow,
        # Onto the stack, which lies below register 10, the whole name (flags 0) from /proc/sys on.
        instruction(MOVE_REGISTER, R2, R10),
        instruction(ADD, R2, value=-ROOM),
        instruction(MOVE, R3, value=ROOM),
        instruction(MOVE, R4, value=0),
        instruction(CALL, value=GET_NAME),
    ]
    for start in FREE:
        body += _compare(start.encode(), allow)
    return b"".join([*body, instruction(MOVE, R0, value=0), instruction(EXIT)])


def _compare(start: bytes, then: list[bytes]) -> list[bytes]:
    """Do `then` if the name begins so; else go on after it."""
    parts: list[tuple[int, int, int]] = []
    at = 0
    while at < len(start):
        size = next(n for n in (4, 2, 1) if n <= len(start) - at)
        parts.append((at, size, int.from_bytes(start[at : at + size], "little")))
        at += size
    lines: list[bytes] = []
    for number, (at, size, value) in enumerate(parts):
        rest = 2 * (len(parts) - number - 1) + len(then)
        lines += [
            instruction(LOAD[size], R0, R10, offset=at - ROOM),
            instruction(JUMP_NOT_EQUAL, R0, offset=rest, value=value),
        ]
    return [*lines, *then]


def _bpf(command: int, attributes: bytes) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, 120)
    answer = int(libc.syscall(SYS_BPF[os.uname().machine], command, buffer, 120))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def close(cgroup: str) -> None:
    """Attach the program to a group. Raises OSError where the kernel does not have it."""
    code, licence = program(), b"GPL\0"
    held = ctypes.create_string_buffer(code), ctypes.create_string_buffer(licence)
    where = [ctypes.addressof(buffer) for buffer in held]
    load = struct.pack("<IIQQIIQII", PROGRAM_TYPE, len(code) // 8, *where, 0, 0, 0, 0, 0)
    # The kernel checks this program against its own kind of attaching: expected_attach_type.
    load += bytes(16) + struct.pack("<II", 0, ATTACH_TYPE)
    loaded = _bpf(PROG_LOAD, load)
    group = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Beside what others have attached; it stays as long as the group does.
        _bpf(PROG_ATTACH, struct.pack("<IIII", group, loaded, ATTACH_TYPE, ALLOW_MULTI))
    finally:
        os.close(group)
        os.close(loaded)


def main(cgroup: str) -> int:
    """Close them, or say why not: the bench works all the same."""
    try:
        close(cgroup)
    except (OSError, KeyError) as error:
        sys.stderr.write(f"the host's sysctls cannot be closed: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
