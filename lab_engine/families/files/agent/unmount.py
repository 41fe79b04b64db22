"""Taking a mount of ours off, and only that."""

from __future__ import annotations

import errno
from collections.abc import Callable

from lab_engine.errors import ProviderError
from lab_engine.kernel import mountinfo, syscalls


def covered(target: str) -> ProviderError:
    return ProviderError(
        f"{target} is a mount already, and not ours", hint=f"Take it off: sudo umount {target}"
    )


def unmount(target: str, ours: Callable[[mountinfo.MountEntry], bool]) -> None:
    """Take off the mount at `target` if it is `ours`. One that is not there is not an error.

    Raises ProviderError when somebody else's mount lies on top of ours or inside it, and OSError.
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
    # By the parent, not by the path alone: what is inside a mount that ours covers does not hold
    # ours.
    inner = [other for other in mountinfo.below(target, entries) if other.parent == entry.number]
    if inner:
        raise ProviderError(
            f"{target} cannot be taken off: {inner[-1].target} is mounted inside it",
            hint=f"Take that off first: sudo umount {inner[-1].target}",
        )
    take_off(target)


def take_off(target: str) -> None:
    """Take off the uppermost mount at `target`, whosever it is.

    One in use is out of sight at once, and ends with its last user (MNT_DETACH of umount2(2)).
    Raises OSError.
    """
    try:
        syscalls.umount(target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        syscalls.umount(target, lazy=True)
