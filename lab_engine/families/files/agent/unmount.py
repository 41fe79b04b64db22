"""Taking a mount of ours off, and only that."""

from __future__ import annotations

import errno
from collections.abc import Callable

from lab_engine.errors import ProviderError
from lab_engine.kernel import mountinfo, syscalls


def unmount(target: str, ours: Callable[[mountinfo.MountEntry], bool]) -> None:
    """Take off the mount at `target` if it is `ours`. One that is not there is not an error.

    A mount in use ends when its last user does; it is out of sight at once. Raises ProviderError
    when somebody else's mount lies on top of ours or inside it.
    """
    entries = mountinfo.mounts()
    entry = mountinfo.at(target, entries)
    if entry is None:
        return
    if not ours(entry):
        layers = [other for other in entries if other.target == target]
        if any(ours(layer) for layer in layers[:-1]):
            raise ProviderError(
                f"another mount covers ours at {target}", hint=f"Take it off: sudo umount {target}"
            )
        return
    inner = [other for other in mountinfo.below(target, entries) if other.parent == entry.number]
    if inner:
        raise ProviderError(
            f"{target} cannot be taken off: {inner[-1].target} is mounted inside it",
            hint=f"Take that off first: sudo umount {inner[-1].target}",
        )
    try:
        syscalls.umount(target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        syscalls.umount(target, lazy=True)
