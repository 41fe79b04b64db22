"""Statements about files that a lab can require (client side)."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read, has_one_more
from lab_engine.families.files.probes import (
    DiskUsageProbe,
    FileProbe,
    FileReading,
    MountProbe,
    MountReading,
    MountsProbe,
    MountsReading,
)


def _there(pid: int) -> str:
    """What a learner writes before a command to have the mounts and the root of that process."""
    # With its pid namespace, since /proc/self and so /proc/mounts are nothing without.
    return f"sudo nsenter -t {pid} -m -p -r " if pid else ""


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
    there = _there(pid)
    require(
        found.exists,
        "no-file",
        expected=f"There is a file {path}.",
        observed="There is none.",
        look=f"{there}ls -la {path.rpartition('/')[0] or '/'}",
    )
    require(
        found.kind == "file",
        "no-plain-file",
        expected=f"{path} is a plain file.",
        observed=f"It is a {found.kind}.",
        look=f"{there}ls -ld {path}",
    )
    wanted = (says,) if isinstance(says, str) else tuple(says)
    if not wanted:
        return found
    require(
        found.whole,
        "too-long",
        expected=f"{path} says {_either(wanted)}.",
        observed=f"It has {found.size} bytes.",
        look=f"{there}head -c 200 {path}",
    )
    text = as_read(found.content)
    require(
        text.casefold() in {as_read(one).casefold() for one in wanted},
        "other-text",
        expected=f"{path} says {_either(wanted)}.",
        observed=f"It says {text[:60]!r}." if text else "It is empty.",
        look=f"{there}cat {path}",
    )
    return found


async def require_answer(
    see: See, path: str, *, says: str | Sequence[str], what: str, pid: int = 0
) -> FileReading:
    """A plain file says what the learner had to find out, and nothing more. One round trip.

        await require_answer(see, "/home/learner/work/odd.txt", says="ipc", what="the odd kind")

    Read as `require_file` reads it. No sentence holds what it should say: that would be the answer.

    Reasons: `no-file`, `no-plain-file`, `too-long`, `other-text`.

    Args:
        see: the check's way to ask.
        path: where.
        says: what it may say.
        what: what that is, in a sentence that does not tell it.
        pid: from where to look; 0 for the bench.
    """
    found = await require_file(see, path, pid=pid)
    there = _there(pid)
    require(
        found.whole,
        "too-long",
        expected=f"{path} says {what}.",
        observed=f"It has {found.size} bytes.",
        look=f"{there}head -c 200 {path}",
    )
    text = as_read(found.content)
    wanted = (says,) if isinstance(says, str) else tuple(says)
    require(
        text.casefold() in {as_read(one).casefold() for one in wanted},
        "other-text",
        expected=f"{path} says {what}, and nothing more.",
        observed=f"It says {text[:60]!r}." if text else "It is empty.",
        look=f"{there}cat {path}",
    )
    return found


async def require_same_file(see: See, path: str, *, pid: int = 0) -> FileReading:
    """A file has, byte for byte, the content that it had when the step began. One round trip.

        await require_same_file(see, "/home/learner/work/ledger")

    It may be another file of that name: what counts is that nothing was lost or added.

    Reasons: `was-not-there`, `no-file`, `no-plain-file`, `too-long`, `other-content`.

    Args:
        see: the check's way to ask.
        path: where.
        pid: from where to look; 0 for the bench.
    """
    probe = FileProbe(path, pid=pid)
    there = _there(pid)
    before = await see.before(probe)
    now = await require_file(see, path, pid=pid)
    require(
        before.exists and before.kind == "file",
        "was-not-there",
        expected=f"{path} was there when this step began.",
        observed="It was not.",
        look=f"{there}ls -l {path}",
    )
    require(
        bool(now.sha256),
        "too-long",
        expected=f"{path} is as it was.",
        observed=f"It has {now.size} bytes.",
        look=f"{there}ls -l {path}",
    )
    require(
        now.sha256 == before.sha256,
        "other-content",
        expected=f"{path} says what it said before: {before.content.strip()[:60]!r}.",
        observed=f"It says {now.content.strip()[:60]!r}.",
        look=f"{there}head -c 200 {path}",
    )
    return now


async def require_line_added(see: See, path: str, line: str, *, pid: int = 0) -> FileReading:
    """A file has all the lines of the step's start, in their order, and one more. One round trip.

        await require_line_added(see, "/home/learner/work/hosts", "10.0.0.2 red")

    Reasons: `was-not-there`, `no-file`, `no-plain-file`, `too-long`, `old-text-lost`, `not-added`.

    Args:
        see: the check's way to ask.
        path: where.
        line: the new one, read kindly.
        pid: from where to look; 0 for the bench.
    """
    before = await see.before(FileProbe(path, pid=pid))
    now = await require_file(see, path, pid=pid)
    look = f"head -c 2000 {path}"
    require(
        before.exists and before.kind == "file",
        "was-not-there",
        expected=f"{path} was there when this step began.",
        observed="It was not.",
        look=look,
    )
    require(
        now.whole,
        "too-long",
        expected=f"{path} has one line more.",
        observed=f"It has {now.size} bytes.",
        look=look,
    )
    kept, added = has_one_more(before.content, now.content, line)
    require(
        kept,
        "old-text-lost",
        expected=f"{path} still has all the lines that it had.",
        observed="Some of them are gone, or stand in another order.",
        look=look,
    )
    require(
        added,
        "not-added",
        expected=f"{path} has one line more: {line!r}.",
        observed="It has not, or more than that.",
        look=look,
    )
    return now


async def require_mount(
    see: See,
    target: str,
    *,
    fstype: str = "",
    source: str = "",
    size: int | None = None,
    pid: int = 0,
) -> MountReading:
    """What is mounted on top at exactly this path. One round trip.

        await require_mount(see, "/mnt/drawer", fstype="tmpfs", size=3 << 20)

    What lies on a device is told by its superblock: ext2 that is mounted as ext4 is ext2.

    Reasons: `not-mounted`, `other-filesystem`, `other-source`, `other-size`.

    Args:
        see: the check's way to ask.
        target: the path of the mount.
        fstype: the kind of the filesystem; empty for any.
        source: the device or the path that is mounted; empty for any.
        size: bytes, exactly: of the filesystem on its device, or the limit of a tmpfs.
        pid: from where to look; 0 for the bench.
    """
    found, room = await see(MountProbe(target, pid=pid), DiskUsageProbe(target, pid=pid))
    look = f"sudo findmnt -N {pid} {target}" if pid else f"findmnt {target}"
    require(
        found.exists,
        "not-mounted",
        expected=f"Something is mounted at {target}.",
        observed="Nothing is.",
        look=f"{look} || echo none",
    )
    require(
        fstype in ("", found.made_as or found.fstype),
        "other-filesystem",
        expected=f"At {target} is a filesystem of type {fstype}.",
        observed=f"On top there is {found.made_as}, mounted as {found.fstype}."
        if found.made_as not in ("", found.fstype)
        else f"On top there is {found.fstype}.",
        look=look,
    )
    require(
        source in ("", found.source),
        "other-source",
        expected=f"{source} is mounted at {target}.",
        observed=f"On top there is {found.source}.",
        look=look,
    )
    has = found.made_size or room.total
    require(
        size in (None, has),
        "other-size",
        expected=f"The filesystem at {target} has {size} bytes.",
        observed=f"It has {has}.",
        # findmnt cannot measure what lies in another mount namespace.
        look=f"{_there(pid)}df -k {target}" if pid else f"{look} -bno SIZE,FSTYPE",
    )
    return found


async def require_bare(see: See, path: str, *, pid: int = 0) -> MountsReading:
    """Nothing is mounted below a mount: all of it is one thing. One round trip.

        await require_bare(see, "/run/keys", pid=v.pid)

    Reasons: `mounted-below`.

    Args:
        see: the check's way to ask.
        path: of the mount.
        pid: from where to look; 0 for the bench.
    """
    found = await see(MountsProbe(pid=pid))
    below = [one.target for one in found.mounts if one.target.startswith(path.rstrip("/") + "/")]
    require(
        not below,
        "mounted-below",
        expected=f"At {path} is one thing, all the way down.",
        observed=f"Something else is mounted at {', '.join(below)}.",
        look=f"sudo grep {path} {_mounts(pid)}",
    )
    return found


async def require_read_only(see: See, path: str, *, pid: int = 0) -> MountReading:
    """What is mounted at a path cannot be changed from there, by no way. One round trip.

        await require_read_only(see, "/shared", pid=v.pid)

    Read-only at that path alone is not enough: the same files may be mounted a second time, or
    something that can be written may lie on top of a part of them.

    Reasons: `not-mounted`, `writable`, `mounted-below`, `writable-elsewhere`.

    Args:
        see: the check's way to ask.
        path: of the mount.
        pid: from where to look; 0 for the bench.
    """
    found = await require_bare(see, path, pid=pid)
    here = found.at(path)
    look = f"sudo grep {path} {_mounts(pid)} || echo none"
    require(
        here.exists,
        "not-mounted",
        expected=f"Something is mounted at {path}.",
        observed="Nothing is.",
        look=look,
    )
    require(
        here.read_only,
        "writable",
        expected=f"The mount at {path} is read-only.",
        observed="It is read-write.",
        look=look,
    )
    ways = [
        one.target
        for one in found.mounts
        if one.device == here.device
        and one == found.at(one.target)
        and not one.read_only
        and _overlap(one.root, here.root)
    ]
    require(
        not ways,
        "writable-elsewhere",
        expected=f"What is mounted at {path} cannot be changed.",
        observed=f"It is mounted at {', '.join(ways)} as well, and can be changed there.",
        look=f"sudo cat {_mounts(pid)}",
    )
    return here


def _mounts(pid: int) -> str:
    return f"/proc/{pid or 'self'}/mounts"


def _overlap(one: str, other: str) -> bool:
    """Whether one of two folders of a filesystem holds the other, or is it."""
    short, long = sorted((one.rstrip("/") + "/", other.rstrip("/") + "/"), key=len)
    return long.startswith(short)


def _either(words: Sequence[str]) -> str:
    return " or ".join(repr(word) for word in words)
