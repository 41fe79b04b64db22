"""Statements about containerd and what it runs that a lab can require (client side)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lab_engine.common.evidence import See, require
from lab_engine.families.runtimes.probes import (
    ContainerdContainerProbe,
    ContainerdContainerReading,
    ContainerdProbe,
)
from lab_engine.families.runtimes.requirements.runs import runs


async def require_task(
    see: See,
    namespace: str,
    name: str,
    *,
    image: str = "",
    argv: Sequence[str] = (),
    also: Collection[str] = (),
) -> ContainerdContainerReading:
    """A task runs for this container, in this namespace of containerd. One round trip.

        boat = await require_task(see, "lake", "boat", image="busybox", argv=["sleep", "300"])

    Reasons: `no-daemon`, `other-namespace`, `no-container`, `no-task`, `not-running`,
    `other-image`, `other-program`.

    Args:
        see: the check's way to ask.
        namespace: of containerd, which is not one of the kernel's.
        name: the container's, whole.
        image: its name; one without a path is Docker's `docker.io/library/NAME:latest`.
        argv: the command line of its first process.
        also: other namespaces that may have one of this name, which is no mistake.
    """
    found, every = await see(ContainerdContainerProbe(namespace, name), ContainerdProbe())
    look = f"sudo ctr -n {namespace} tasks ls"
    require(
        every.exists,
        "no-daemon",
        expected="containerd answers.",
        observed="It does not.",
        look="pgrep -a containerd || true",
    )
    elsewhere = [
        one.namespace for one in every.containers if one.id == name and one.namespace not in also
    ]
    require(
        found.exists or not elsewhere,
        "other-namespace",
        expected=f"The container {name} is in the namespace {namespace} of containerd.",
        observed=f"It is in {', '.join(elsewhere)}.",
        look="sudo ctr namespaces ls",
    )
    require(
        found.exists,
        "no-container",
        expected=f"containerd has a container {name} in its namespace {namespace}.",
        observed="It has none of this name.",
        look=f"sudo ctr -n {namespace} containers ls",
    )
    require(
        found.status,
        "no-task",
        expected=f"The container {name} has a task.",
        observed="It is only a note so far: no process belongs to it.",
        look=look,
    )
    require(
        found.status == "RUNNING" and found.pid,
        "not-running",
        expected=f"The task of {name} is RUNNING.",
        observed=f"It is {found.status}.",
        look=look,
    )
    require(
        not image or found.image == _whole(image),
        "other-image",
        expected=f"The container {name} was made of the image {_whole(image)}.",
        observed=f"It was made of {found.image or 'none'}.",
        look=f"sudo ctr -n {namespace} containers ls",
    )
    require(
        not argv or runs(found.argv, found.exe, argv),
        "other-program",
        expected=f"The container {name} runs `{' '.join(argv)}`.",
        observed=f"It runs `{' '.join(found.argv)}` ({found.exe}).",
        look=f"ps -fp {found.pid}",
    )
    return found


def _whole(image: str) -> str:
    if "/" in image:
        return image
    return f"docker.io/library/{image}" + ("" if ":" in image else ":latest")


async def require_outlived_containerd(
    see: See, namespace: str, name: str, *, also: Collection[str] = ()
) -> ContainerdContainerReading:
    """The task runs since before the containerd that answers now was started. One round trip.

        await require_outlived_containerd(see, "lake", "boat")

    By the kernel's word of when each of the two processes began.

    Reasons: those of `require_task`, `younger`.
    """
    found = await require_task(see, namespace, name, also=also)
    daemon = await see(ContainerdProbe())
    require(
        found.started < daemon.started,
        "younger",
        expected=f"The containerd that answers was started after the task of {name}.",
        observed=f"Process {daemon.pid} was there first.",
        look=f"ps -o pid,lstart,args -p {found.pid},{daemon.pid}",
    )
    return found
