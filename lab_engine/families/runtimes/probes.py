"""Questions about containers below Docker. Event topic: `process`; no event tells of the notes.

Sources: the runtime specification of the OCI ("State"), runc(8), crun(1), and `ctr`, the client
that comes with containerd.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading

TOPICS = frozenset({"process"})


class RuntimeContainer(msgspec.Struct, frozen=True):
    """A container by its runtime's notes; `status` is a word of the OCI's, or `paused`.

    That is `created` (everything is there but the program), `running`, `paused` or `stopped`.
    """

    runtime: str
    id: str
    status: str
    pid: int = 0
    bundle: str = ""


class RuntimeContainersReading(Reading, frozen=True):
    containers: tuple[RuntimeContainer, ...] = ()


class RuntimeContainersProbe(Probe[RuntimeContainersReading], frozen=True, tag="oci-containers"):
    """The containers that root has with runc and with crun, in the folders of their own.

    Those of Docker and containerd are elsewhere, and left out.

    Example::

        RuntimeContainersProbe()
        any(one.runtime == "crun" for one in reading.containers)
    """

    reading: ClassVar[type[msgspec.Struct]] = RuntimeContainersReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class RuntimeContainerReading(Reading, frozen=True):
    """A container, and the process that is its first one; `pid` is 0 once that has ended.

    `bundle` is the folder that it was made from, `bundle_inode` what is there now (`device:inode`,
    empty where nothing is). `started` is in clock ticks since boot. `exe` is the file that the
    process really runs.
    """

    exists: bool = True
    status: str = ""
    pid: int = 0
    started: int = 0
    argv: tuple[str, ...] = ()
    exe: str = ""
    bundle: str = ""
    bundle_inode: str = ""


class RuntimeContainerProbe(Probe[RuntimeContainerReading], frozen=True, tag="oci-container"):
    """One container of `runc` or `crun`, by its whole name.

    Example::

        RuntimeContainerProbe("lamp", runtime="crun")
        reading.status == "created" and reading.pid > 0
    """

    id: str
    runtime: str = "runc"

    reading: ClassVar[type[msgspec.Struct]] = RuntimeContainerReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class ContainerdContainer(msgspec.Struct, frozen=True):
    """A container of containerd's; without a task it is only a note, and `status` is empty."""

    namespace: str
    id: str
    image: str = ""
    runtime: str = ""
    status: str = ""
    pid: int = 0


class ContainerdReading(Reading, frozen=True):
    """The containerd that Docker uses. `started` is in clock ticks since boot.

    It exists when the bench's own program answers at its socket. Docker's own containers, in the
    namespace `moby`, are left out.
    """

    exists: bool = True
    pid: int = 0
    started: int = 0
    namespaces: tuple[str, ...] = ()
    containers: tuple[ContainerdContainer, ...] = ()


class ContainerdProbe(Probe[ContainerdReading], frozen=True, tag="containerd"):
    """What containerd has, in all of its namespaces.

    Example::

        ContainerdProbe()
        any(one.namespace == "lake" for one in reading.containers)
    """

    reading: ClassVar[type[msgspec.Struct]] = ContainerdReading

    def topics(self) -> frozenset[str]:
        return TOPICS


class ContainerdContainerReading(Reading, frozen=True):
    """A container of containerd's, its task, and the shim that holds it.

    `status` is `CREATED`, `RUNNING`, `PAUSED`, `STOPPED`, or empty without a task. `started` is in
    clock ticks since boot. `shim` is the process above the task's first one, and `shim_parent` the
    one above that.
    """

    exists: bool = True
    image: str = ""
    runtime: str = ""
    status: str = ""
    pid: int = 0
    started: int = 0
    argv: tuple[str, ...] = ()
    exe: str = ""
    shim: int = 0
    shim_parent: int = 0


class ContainerdContainerProbe(
    Probe[ContainerdContainerReading], frozen=True, tag="containerd-container"
):
    """One container of containerd's, by its namespace and its whole name.

    Example::

        ContainerdContainerProbe("lake", "boat")
        reading.status == "RUNNING" and reading.shim_parent == 1
    """

    namespace: str
    id: str

    reading: ClassVar[type[msgspec.Struct]] = ContainerdContainerReading

    def topics(self) -> frozenset[str]:
        return TOPICS
