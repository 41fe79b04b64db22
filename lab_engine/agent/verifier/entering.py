"""Into the bench's namespaces, with the image's own programs in place of those that are there.

The process gets a copy of the bench's mounts: everything that the learner made is where the readers
seek it. Over /usr and /opt of the copy lie those of the verifier's own container, fresh from the
image, and a new /proc. A program that the learner replaced, mounted over or preloads is not even to
be found then.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from lab_engine.errors import AgentError
from lab_engine.kernel import proc, syscalls

OURS: Final = ("/usr", "/opt", "/etc/ld.so.cache", "/etc/alternatives")
"""From the verifier's own files. In /etc is what the dynamic linker goes by, and which file is
`iptables`."""
THEIRS: Final = ("/usr/local", "/opt/lab")
"""Below those, and the learner's to change: seen as they are in the bench, and no program of the
verifier's comes from there."""
PRELOAD: Final = "/etc/ld.so.preload"
LINKS: Final = ("/bin", "/sbin", "/lib", "/lib64")
"""Nothing can be mounted over a link, so these must be as they are in the image."""
KINDS: Final = ("net", "ipc", "uts", "cgroup", "mnt")
PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
INIT: Final = 1
"""The bench's first process, as it is numbered there: the engine's own, in the namespaces that the
bench was begun with."""


class Held(NamedTuple):
    """A verifier's hold on its bench, had before anything was done there.

    `namespaces` are descriptors by kind; `proc` is one of an instance of proc that shows the
    bench's processes with the numbers that they have there.
    """

    namespaces: dict[str, int]
    proc: int


def hold(pid: int) -> Held:
    """Of the bench whose first process has that number here. Raises OSError when there is none."""
    found = {kind: os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in (*KINDS, "pid")}
    here, there = socket.socketpair()
    with here, there:
        # Whose processes an instance of proc shows depends on who makes it; and who has entered a
        # pid namespace has all further children in it (setns(2)). So a child's child makes it.
        if begun(found["pid"]):
            os.wait()
            _, made, _, _ = socket.recv_fds(here, 1, 1)
            return Held(found, made[0])
        with suppress(OSError):
            socket.send_fds(there, [b"."], [proc.fresh()])
        os._exit(0)


def begun(namespace: int) -> int:
    """Fork a process into a pid namespace: 0 in it, and the number of its parent in the caller.

    The parent ends with it, and the other way round.
    """
    between = os.fork()
    if between:
        return between
    syscalls.end_with_parent()
    syscalls.setns(namespace, 0)
    child = os.fork()
    if child == 0:
        syscalls.end_with_parent()
        return 0
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) != 0)


def enter(held: Held) -> None:
    """The rest of the way, for a process that `begun` put into the bench's pid namespace.

    Raises OSError, and AgentError where the image's programs cannot be put into their place.
    """
    links = {link: str(Path(link).readlink()) for link in LINKS}
    ours = {path: syscalls.tree(path) for path in OURS}
    nothing = syscalls.tree("/dev/null")
    for kind in KINDS:
        syscalls.setns(held.namespaces[kind], 0)
    syscalls.unshare(syscalls.CLONE_NEWNS)
    # What is mounted here must not be seen in the bench.
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    theirs = {path: syscalls.tree(path, whole=True) for path in THEIRS if Path(path).is_dir()}
    for path, tree in ours.items():
        if os.path.realpath(path) != path:
            raise AgentError(f"{path} is a link in the bench: the image's own cannot lie there")
        syscalls.put_tree(tree, path)
    if os.path.lexists(PRELOAD):
        _cover(nothing)
    for path, tree in theirs.items():
        with suppress(FileNotFoundError):
            syscalls.put_tree(tree, path)
    for link, target in links.items():
        if not Path(link).is_symlink() or str(Path(link).readlink()) != target:
            raise AgentError(f"{link} is not the image's in the bench: no program can be run there")
    syscalls.mount("proc", "/proc", "proc")
    os.chdir("/")
    os.environ["PATH"] = PATH
    # Debian's Python looks there for packages.
    sys.path[:] = [path for path in sys.path if not path.startswith("/usr/local/")]
    proc.use(proc.fresh())
    proc.stand_for(INIT)


def _cover(nothing: int) -> None:
    try:
        syscalls.put_tree(nothing, PRELOAD)
    except OSError as error:
        raise AgentError(f"{PRELOAD} is in the bench and cannot be covered: {error}") from error
