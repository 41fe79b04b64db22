"""What the bench's other namespaces hold: its host name and its System V objects.

Keys are `hostname/<name>` and `ipc/<kind> <id>`, with the kinds of ipcs(1): `shm`, `msg`, `sem`,
and `ipc/mq <name>` for the message queues of mq_overview(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from pathlib import Path
from typing import Final

_REMOVE: Final = 0
"""IPC_RMID"""
_QUEUES: Final = Path("/dev/mqueue")
_ID_COLUMN: Final = 1
# The answers for an object that is not there, or is going (shmctl(2)).
_GONE: Final = (errno.EINVAL, errno.EIDRM)
_libc = ctypes.CDLL(None, use_errno=True)


def inventory() -> dict[str, str]:
    """The name, and each object with its key, mode and owner. Raises OSError."""
    found = {f"hostname/{socket.gethostname()}": "set"}
    for kind in ("shm", "msg", "sem"):
        lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()
        columns = lines[0].split()
        for line in lines[1:]:
            row = dict(zip(columns, line.split(), strict=False))
            fingerprint = " ".join(row[name] for name in ("key", "perms", "uid"))
            found[f"ipc/{kind} {line.split()[_ID_COLUMN]}"] = fingerprint
    with os.scandir(_QUEUES) as queues:
        for queue in queues:
            about = queue.stat(follow_symlinks=False)
            found[f"ipc/mq {queue.name}"] = f"{about.st_mode:o} {about.st_uid}"
    return found


def restore_hostname(name: str) -> None:
    """Undo a change to `name`: the bench is called again what its file says."""
    if socket.gethostname() == name:
        socket.sethostname(Path("/etc/hostname").read_text().strip())


def remove_object(name: str) -> None:
    """Remove a System V object such as `shm 3`. Absent is fine. Raises OSError."""
    kind, _, number = name.partition(" ")
    if kind == "mq":
        (_QUEUES / number).unlink(missing_ok=True)
        return
    if kind == "shm":
        result = _libc.shmctl(int(number), _REMOVE, None)
    elif kind == "msg":
        result = _libc.msgctl(int(number), _REMOVE, None)
    else:
        result = _libc.semctl(int(number), 0, _REMOVE)
    code = ctypes.get_errno()
    if result != 0 and code not in _GONE:
        raise OSError(code, os.strerror(code))
