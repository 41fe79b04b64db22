"""Places resolved: from `container:web` to the network namespace that it means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker.errors

from lab_engine.common.place import Place, parse
from lab_engine.families.docker.agent import engine, named
from lab_engine.families.netlink.agent import namespaces
from lab_engine.kernel import proc


class NoPlace(LookupError):
    """The place is not there (any more): no such name, or the container does not run."""


@contextmanager
def network(place: Place) -> Iterator[int | None]:
    """A descriptor of the place's network namespace; None for the bench's own.

    Raises NoPlace, and DaemonDown when a container cannot be asked about.
    """
    kind, name = parse(place)
    if kind == "bench":
        yield None
        return
    try:
        if kind == "host":
            opened = namespaces.of_host(name)
        else:
            opened = proc.held(f"{pid_of(place)}/ns/net")
        descriptor = opened.__enter__()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NoPlace(place) from error
    try:
        yield descriptor
    finally:
        opened.__exit__(None, None, None)


def pid_of(place: Place) -> int:
    """The number, in the bench, of the process that a place is named by. Raises NoPlace.

    For a container its first process; 0 for the bench and for hosts, which have none.
    """
    kind, name = parse(place)
    if kind == "pid":
        return int(name)
    if kind != "container":
        return 0
    with engine.asking(f"describe the container {name}") as client:
        try:
            state = named.container(client, name)["State"]
        except docker.errors.NotFound as error:
            raise NoPlace(place) from error
    # The engine says 0 of a container that does not run.
    pid = int(state["Pid"])
    if not pid:
        raise NoPlace(place)
    return pid


def file_of(place: Place, path: str) -> str:
    """A small text file such as /etc/resolv.conf as the place's programs see it; empty if absent.

    For a host that is what `ip netns exec` shows: `/etc/netns/<name>/` comes first.
    """
    kind, name = parse(place)
    candidates = [Path(path)]
    if kind == "host":
        candidates.insert(0, Path("/etc/netns") / name / Path(path).name)
    elif pid := pid_of(place):
        # Through its mounts: Docker mounts its own resolv.conf and hosts over a container's.
        candidates = [Path(f"/proc/{pid}/root{path}")]
    for candidate in candidates:
        try:
            with candidate.open("rb") as file:
                return file.read(65536).decode(errors="replace")
        except OSError:
            continue
    return ""


def describe(descriptor: int | None) -> int:
    """The inode number of a network namespace; that of the bench for None."""
    if descriptor is None:
        return proc.inode("thread-self/ns/net")
    return os.fstat(descriptor).st_ino
