"""Whether a daemon of the bench is the one that it claims to be.

A learner with sudo can stop dockerd and put a small server of their own on its socket, or write
another program over /usr/sbin/dockerd. What such a server says is no evidence. So before a probe
of a family is answered, the process behind the daemon's socket must run one of the daemon's
programs, outside of any container, from a file that is as it was in the image.
"""

from __future__ import annotations

from typing import Final

from lab_engine.errors import DaemonDown
from lab_engine.families.family import Daemon, Family
from lab_engine.kernel import proc, processes, sockets, untouched

_HINT: Final = (
    "`infralab repair` starts the bench's own again; `infralab down` and `infralab up` give a "
    "fresh bench."
)


def require_genuine(family: Family) -> None:
    """Raises DaemonDown that says who answers in the daemon's place."""
    if family.daemon is None:
        return
    try:
        pid = sockets.peer(family.daemon.socket)
    except OSError:
        # Nobody answers: whoever asks next says so, with what to do.
        return
    wrong = fault(pid, family.daemon)
    if wrong:
        raise DaemonDown(
            f"{family.daemon.socket} is answered by {wrong}, not by the bench's own {family.name}",
            daemon=family.name,
            hint=_HINT,
        )


def fault(pid: int, daemon: Daemon) -> str:
    """What is wrong with the process behind a socket, in words; empty when nothing is."""
    exe = proc.target(f"{pid}/exe")
    who = f"process {pid} ({exe or 'gone'})"
    if exe not in {f"{folder}/{name}" for folder in daemon.folders for name in daemon.programs}:
        return who
    mounts = f"{proc.own()}/ns/mnt"
    if processes.container(pid) or proc.inode(f"{pid}/ns/mnt") != proc.inode(mounts):
        return f"{who} in a container or a mount namespace of its own"
    if untouched.written(f"{pid}/exe", proc.root()):
        return f"{who}, a file that was changed in the bench"
    return ""
