"""Statements about files that a lab can require (client side)."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read
from lab_engine.families.files.probes import FileProbe, FileReading, MountProbe, MountReading


async def require_file(
    see: See, path: str, *, says: str | Sequence[str] = (), pid: int = 0
) -> FileReading:
    """There is a plain file, and it says one of `says` and nothing more. One round trip.

        await require_file(see, "/home/learner/work/odd.txt", says="ipc")

    Read kindly (`as_read`, and capitals do not matter) and whole: surplus words are an answer too.
    A link that leads nowhere or in a circle, a folder, a device or a pipe is no such file.

    Reasons: `no-file`, `no-plain-file`, `too-long`, `other-text`.

    Args:
        see: the check's way to ask.
        path: where.
        says: what it may say; empty when only the file matters.
        pid: from where to look: the mounts and the root of that process; 0 for the bench.
    """
    found = await see(FileProbe(path, pid=pid))
    require(
        found.exists,
        "no-file",
        expected=f"There is a file {path}.",
        observed="There is none.",
        look=f"ls -la {path.rpartition('/')[0] or '/'}",
    )
    require(
        found.kind == "file",
        "no-plain-file",
        expected=f"{path} is a plain file.",
        observed=f"It is a {found.kind}.",
        look=f"ls -ld {path}",
    )
    wanted = (says,) if isinstance(says, str) else tuple(says)
    if not wanted:
        return found
    require(
        found.whole,
        "too-long",
        expected=f"{path} says {_either(wanted)}.",
        observed=f"It has {found.size} bytes.",
        look=f"head -c 200 {path}",
    )
    text = as_read(found.content)
    require(
        text.casefold() in {as_read(one).casefold() for one in wanted},
        "other-text",
        expected=f"{path} says {_either(wanted)}.",
        observed=f"It says {text[:60]!r}." if text else "It is empty.",
        look=f"cat {path}",
    )
    return found


async def require_mount(
    see: See, target: str, *, fstype: str = "", source: str = "", pid: int = 0
) -> MountReading:
    """What is mounted on top at exactly this path. One round trip.

        await require_mount(see, "/mnt/drawer", fstype="tmpfs")

    Reasons: `not-mounted`, `other-filesystem`, `other-source`.

    Args:
        see: the check's way to ask.
        target: the path of the mount.
        fstype: the kernel's name of the filesystem; empty for any.
        source: the device or the path that is mounted; empty for any.
        pid: from where to look; 0 for the bench.
    """
    found = await see(MountProbe(target, pid=pid))
    look = f"sudo nsenter -t {pid} -m findmnt {target}" if pid else f"findmnt {target}"
    require(
        found.exists,
        "not-mounted",
        expected=f"Something is mounted at {target}.",
        observed="Nothing is.",
        look=f"{look} || echo none",
    )
    require(
        fstype in ("", found.fstype),
        "other-filesystem",
        expected=f"At {target} is a filesystem of type {fstype}.",
        observed=f"On top there is {found.fstype}.",
        look=look,
    )
    require(
        source in ("", found.source),
        "other-source",
        expected=f"{source} is mounted at {target}.",
        observed=f"On top there is {found.source}.",
        look=look,
    )
    return found


def _either(words: Sequence[str]) -> str:
    return " or ".join(repr(word) for word in words)
