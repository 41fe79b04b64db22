"""Whose a bench is: labels that tell another user, another data folder and a dead process apart.

A session is in one record, and an engine may serve several people. So whatever belongs to a session
names its owner; and what lives only as long as the program that made it (a replay, a proof) names
that process too, and so does what waits for its owner until then.
"""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Final

OWNER: Final = "infralab.owner"
PROCESS: Final = "infralab.process"
WAITING: Final = "infralab.waiting"
"""As PROCESS, of a bench that its owner may have taken since: the record says whether."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def name(data_dir: Path) -> str:
    """Who keeps the record in `data_dir`, as `user@machine:folder`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A user id without a name, as in many containers.
        user = str(os.getuid())
    return f"{user}@{platform.node()}:{data_dir}"


def process() -> str:
    """This process, told from every other: `boot/namespace/pid/birth`."""
    return "/".join((*_world(), str(os.getpid()), born(os.getpid())))


def ended(labels: Mapping[str, str], label: str = PROCESS) -> bool:
    """Whether the process in the label has ended. False when it cannot be seen from here."""
    parts = labels.get(label, "").split("/")
    if len(parts) != 4:
        return False
    boot, namespace, pid, birth = parts
    here = _world()
    # A number of a process means something in its own namespace only (pid_namespaces(7)).
    if boot == here[0] and namespace != here[1]:
        return False
    # The owner's machine is this one, so another boot is an earlier one.
    return boot != here[0] or not pid.isdecimal() or born(int(pid)) != birth


def _world() -> tuple[str, str]:
    try:
        boot = _BOOT.read_text(encoding="utf-8").strip()
        namespace = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "", ""
    return boot, namespace


def born(pid: int) -> str:
    """The start time of a process in clock ticks, which tells it from a later one of its number."""
    try:
        # Field 22, counted from the end of the program's name, which may hold blanks and brackets
        # itself (proc_pid_stat(5)).
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
