"""Questions about pods by the Container Runtime Interface. Event topic: `process`.

Source: `runtime/v1/api.proto` of Kubernetes' cri-api (PodSandbox, Container), as `crictl` asks.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class CriContainer(msgspec.Struct, frozen=True):
    """A container of a pod; `state` is `created`, `running`, `exited` or `unknown`.

    `pid` is its first process, 0 without one, and `namespaces` maps the kinds to inode numbers.
    """

    id: str
    name: str
    image: str
    state: str
    pid: int = 0
    argv: tuple[str, ...] = ()
    exe: str = ""
    namespaces: dict[str, int] = msgspec.field(default_factory=dict)


class CriPod(msgspec.Struct, frozen=True):
    """A pod: its sandbox, whose first process holds its namespaces, and the containers in it."""

    id: str
    name: str
    namespace: str
    ready: bool
    pid: int = 0
    namespaces: dict[str, int] = msgspec.field(default_factory=dict)
    containers: tuple[CriContainer, ...] = ()

    def container(self, name: str) -> CriContainer | None:
        """The container of this name; one that runs before one that has ended."""
        its = [one for one in self.containers if one.name == name]
        return max(its, key=lambda one: one.state == "running", default=None)


class CriReading(Reading, frozen=True):
    pods: tuple[CriPod, ...] = ()

    def named(self, name: str) -> tuple[CriPod, ...]:
        """The pods of this name, of any namespace."""
        return tuple(one for one in self.pods if one.name == name)


class CriProbe(Probe[CriReading], frozen=True, tag="cri"):
    """All pods that the containerd of the CRI has.

    Example::

        CriProbe()
        all(one.ready for one in reading.named("shop"))
    """

    reading: ClassVar[type[msgspec.Struct]] = CriReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})
