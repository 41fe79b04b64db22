"""Statements about what outlives a stop or a container, and how one ended (client side).

By what the engine told when it happened, and by the change time of inodes: `docker cp`, `tar`, `mv`
and `touch` set the time that `ls` shows, nobody sets that one (inode(7)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lab_engine.common.evidence import See, require
from lab_engine.common.happening import Happening, since_start
from lab_engine.common.kindly import as_read
from lab_engine.families.docker.probes.container import (
    DockerContainerProbe,
    DockerContainerReading,
)
from lab_engine.families.docker.probes.engine import (
    DockerEventsProbe,
)
from lab_engine.families.docker.probes.inside import (
    ContainerFileProbe,
    ContainerFileReading,
    ContainerPathsProbe,
)
from lab_engine.families.docker.requirements.containers import exists, require_running

End = Literal["by itself", "killed", "stopped", "memory", "by a signal"]
_SIGNAL = 128
"""Exit codes above it are of processes that a signal ended."""


async def require_outlived_stop(
    see: See, name: str, path: str, *, says: str
) -> DockerContainerReading:
    """A file in a container's own layer is older than its last stop, and it runs again.

        await require_outlived_stop(see, "diary", "/root/note", says="hello")

    The file was written, then the container ended, then the same container was started. One round
    trip.

    Reasons: `absent`, `not-running`, `restarting`, `no-file`, `other-text`, `mounted-over`,
    `not-restarted` (not stopped yet, or before the file was written).

    Args:
        see: the check's way to ask.
        name: the container, by its whole name.
        path: the file, absolute.
        says: its text.
    """
    found, layers = await see(DockerContainerProbe(name), ContainerPathsProbe(name, (path,)))
    exists(found, name)
    require_running(found)
    one = layers.paths[path]
    require(
        not one.covered,
        "mounted-over",
        expected=f"{path} lies in the own layer of {name}.",
        observed=f"Something is mounted at {one.covered}.",
        look=f"docker inspect -f '{{{{json .Mounts}}}} {{{{json .HostConfig.Tmpfs}}}}' {name}",
    )
    _says(one.now.exists and one.own, one.now.content, name, path, says)
    ended, started = found.finished_at, found.started_at
    require(
        one.now.changed_at < ended < started,
        "not-restarted",
        expected=f"{name} was stopped and started again after {path} was written.",
        observed="The file was written after its last stop."
        if ended
        else "It has not been stopped yet.",
        look=f"docker inspect -f '{{{{.State.FinishedAt}}}}' {name}; "
        f"docker exec {name} stat -c 'changed %z' {path}",
    )
    return found


async def require_outlived_container(
    see: See, name: str, path: str, *, says: str
) -> ContainerFileReading:
    """A file on a volume is older than the container that has it, and outlived another one.

        await require_outlived_container(see, "web", "/webdata/index.html", says=v.message)

    Since the step began, a container that had the same volume was removed after the file was
    written there. One round trip.

    Reasons: `absent`, `not-running`, `restarting`, `not-on-a-volume`, `no-file`, `other-text`,
    `too-young` (written after this container was made), `nothing-removed` (no other container had
    the volume and is gone).

    Args:
        see: the check's way to ask.
        name: the container that runs now.
        path: the file in it, absolute.
        says: its text.
    """
    before = await see.before(DockerEventsProbe())
    file: ContainerFileReading
    found, file, lives, volumes = await see(
        DockerContainerProbe(name),
        ContainerFileProbe(name, path),
        DockerEventsProbe(),
        DockerEventsProbe(kind="volume"),
    )
    exists(found, name)
    require_running(found)
    mounts = [m for m in found.mounts if f"{path}/".startswith(m.destination.rstrip("/") + "/")]
    volume = max(mounts, key=lambda mount: len(mount.destination), default=None)
    require(
        volume is not None and volume.type == "volume",
        "not-on-a-volume",
        expected=f"In {name}, {path} lies on a volume.",
        observed="It lies on a mount of another kind." if volume else "It lies in its own layer.",
        look=f"docker inspect -f '{{{{json .Mounts}}}} {{{{json .HostConfig.Tmpfs}}}}' {name}",
    )
    _says(file.exists and file.kind == "file", file.text, name, path, says)
    require(
        file.changed_at < found.created_at,
        "too-young",
        expected=f"{path} is older than the container {name}.",
        observed="It was written after this container was made.",
        look=f"docker inspect -f '{{{{.Created}}}}' {name}; "
        f"docker exec {name} stat -c 'changed %z' {path}",
    )
    had = {
        one.facts.get("container")
        for one in volumes.happenings
        if one.action == "mount" and volume is not None and one.id == volume.name
    }
    gone = [
        one
        for one in lives.after(before.last)
        if one.action == "destroy" and one.id in had - {found.id} and one.at > file.changed_at
    ]
    require(
        gone,
        "nothing-removed",
        expected="Another container had the volume, and was removed after the file was written.",
        observed="None was, since this step began.",
        look="docker ps -a",
    )
    return file


async def require_ended(
    see: See,
    name: str,
    *,
    how: End,
    code: int | None = None,
    signals: Sequence[int] | None = None,
    within: float | None = None,
) -> Sequence[Happening]:
    """Since the step began a container ended, and in this way. One round trip.

        await require_ended(see, "job", how="by itself", code=0)

    Its last end counts; `docker rm` may have followed, but no other container of that name. `by
    itself` means that the engine sent it no signal and that no signal ended it; `killed` and
    `stopped` that `docker kill`, or `docker stop` and `docker restart` did; `by a signal` that one
    came past the engine, as from `kill` in the bench; `memory` that its limit ended it.

    Reasons: `not-ended`, `other-end`, `other-signals`, `too-slow`, `other-code`.

    Args:
        see: the check's way to ask.
        name: the container, by its name then or its id.
        how: see above.
        code: its exit code; None for any.
        signals: the numbers of the signals that the engine sent it in this life, in order; None for
            any. A stop that was not heard ends with 9.
        within: the most seconds between the first of these signals and its end; None for any.
    """
    happened = await since_start(see, DockerEventsProbe(name))
    look = f"docker ps -a; docker events --since 10m --until 0s --filter container={name}"
    at = max((i for i, one in enumerate(happened) if one.action == "die"), default=-1)
    require(
        at >= 0,
        "not-ended",
        expected=f"{name} has ended since this step began.",
        observed="It has not." if happened else "Nothing has happened to one of that name.",
        look=look,
    )
    # A newer one that took over the name is the one that is meant.
    require(
        all(one.id == happened[at].id for one in happened[at + 1 :]),
        "not-ended",
        expected=f"{name} has ended since this step began.",
        observed="An older one of that name has. The one that is there now has not.",
        look=look,
    )
    life = [one for one in happened[: at + 1] if one.id == happened[at].id]
    starts = [i for i, one in enumerate(life) if one.action == "start"]
    life = life[starts[-1] :] if starts else life
    later = [one.action for one in happened[at + 1 :] if one.id == happened[at].id]
    # The engine tells of a stop before or after the end that it brought about.
    until = later.index("start") if "start" in later else len(later)
    exit_code = int(happened[at].facts.get("exitCode", "0"))
    actions = {one.action for one in life} | set(later[:until])
    truly: str
    if "oom" in actions:
        truly = "memory"
    elif "kill" in actions:
        truly = "stopped" if "stop" in actions else "killed"
    else:
        truly = "by itself" if exit_code <= _SIGNAL else "by a signal"
    require(
        truly == how,
        "other-end",
        expected=f"{name} ended: {how}.",
        observed=f"It ended: {truly}, with exit code {exit_code}.",
        look=look,
    )
    sent = [one for one in life if one.action == "kill"]
    numbers = [int(one.facts.get("signal", "0")) for one in sent]
    require(
        signals is None or numbers == list(signals),
        "other-signals",
        expected=f"{name} was sent the signal {_numbers(signals or ())}.",
        observed=f"It was sent {_numbers(numbers)}.",
        look=look,
    )
    took = happened[at].at - sent[0].at if sent else 0.0
    require(
        within is None or took <= within,
        "too-slow",
        expected=f"{name} ended within {within:g} s of the signal." if within else "",
        observed=f"It took {took:.1f} s.",
        look=look,
    )
    require(
        code in (None, exit_code),
        "other-code",
        expected=f"{name} ended with exit code {code}.",
        observed=f"Its exit code was {exit_code}.",
        look=look,
    )
    return life


def _numbers(signals: Sequence[int]) -> str:
    return ", then ".join(map(str, signals)) or "none"


def _says(there: bool, text: str, name: str, path: str, says: str) -> None:
    look = f"docker exec {name} cat {path} || true"
    require(
        there,
        "no-file",
        expected=f"{name} itself has written a file {path}.",
        observed="It has none of its own.",
        look=look,
    )
    require(
        as_read(text) == as_read(says),
        "other-text",
        expected=f"In {name}, {path} says {says!r}.",
        observed=f"It says {text.strip()[:60]!r}.",
        look=look,
    )
