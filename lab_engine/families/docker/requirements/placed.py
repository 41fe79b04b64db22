"""What was put into a container: a file, whose it is, and whether it was written again.

Somebody may say over ssh, with a tool or by hand what is to be in a machine. What counts is the
file that the machine has.
"""

from __future__ import annotations

from lab_engine.common.evidence import See, require
from lab_engine.common.kindly import as_read
from lab_engine.families.docker.probes.inside import ContainerFileProbe, ContainerFileReading


async def require_placed(
    see: See,
    name: str,
    path: str,
    *,
    says: str | None = None,
    uid: int | None = None,
    mode: int | None = None,
) -> ContainerFileReading:
    """A container has this file, as it sees it itself. One round trip.

        await require_placed(see, "web", "/etc/motd", says="Welcome", uid=0, mode=0o644)

    Reasons: `not-there`, `no-plain-file`, `other-text`, `other-owner`, `other-mode`.

    Args:
        see: the check's way to ask.
        name: the container, by name or id.
        path: absolute, in the container.
        says: its whole text, read kindly.
        uid: the number of the user whose it is, in the container.
        mode: its permissions, such as 0o644.
    """
    found = await see(ContainerFileProbe(name, path))
    require(
        found.exists,
        "not-there",
        expected=f"In {name} there is {path}.",
        observed="There is none.",
        look=f"docker exec {name} ls -la {path.rpartition('/')[0] or '/'} || docker ps -a",
    )
    shown = f"docker exec {name} ls -ld {path}"
    require(
        found.kind == "file",
        "no-plain-file",
        expected=f"In {name}, {path} is a file.",
        observed=f"It is a {found.kind}.",
        look=shown,
    )
    require(
        says is None or as_read(found.text) == as_read(says),
        "other-text",
        expected=f"In {name}, {path} says {says!r}.",
        observed=f"It says {found.text.strip()[:60]!r}.",
        look=f"docker exec {name} cat {path}",
    )
    require(
        uid in (None, found.uid),
        "other-owner",
        expected=f"In {name}, {path} belongs to the user with the number {uid}.",
        observed=f"It belongs to {found.uid}.",
        look=shown,
    )
    require(
        mode in (None, found.mode & 0o7777),
        "other-mode",
        expected=f"In {name}, {path} has the permissions {mode or 0:o}.",
        observed=f"It has {found.mode & 0o7777:o}.",
        look=shown,
    )
    return found


async def require_left_alone(see: See, name: str, path: str, *, log: str, runs: int = 2) -> None:
    """What runs again and again, and notes each run in a log first, left a file alone at last.

        await require_left_alone(see, "web", "/etc/motd", log="/var/log/runs")

    By the change time of the inodes, which nobody can set: the file's is older than the log's. The
    container must run. One round trip.

    Reasons: `not-there`, `no-log`, `ran-less`, `written-again`.

    Args:
        see: the check's way to ask.
        name: the container, by name or id.
        path: the file, absolute.
        log: a file to which each run adds a line before it does anything else.
        runs: how many lines it has at least.
    """
    file, noted = await see(ContainerFileProbe(name, path), ContainerFileProbe(name, log))
    for which, one, reason in ((path, file, "not-there"), (log, noted, "no-log")):
        require(
            one.exists and one.kind == "file",
            reason,
            expected=f"In {name} there is a file {which}.",
            observed="There is none.",
            look=f"docker exec {name} ls -la {which.rpartition('/')[0] or '/'} || docker ps -a",
        )
    lines = [line for line in noted.text.splitlines() if line.strip()]
    require(
        len(lines) >= runs,
        "ran-less",
        expected=f"{log} in {name} tells of {runs} runs or more.",
        observed=f"It tells of {len(lines)}.",
        look=f"docker exec {name} cat {log}",
    )
    require(
        file.changed_at < noted.changed_at,
        "written-again",
        expected=f"The last run had nothing to do at {path}.",
        observed="It was written again.",
        look=f"docker exec {name} stat {path} {log}",
    )
