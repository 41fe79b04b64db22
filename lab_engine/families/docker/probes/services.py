"""Questions about the services that the engine's Swarm keeps at their number."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class ServiceTask(msgspec.Struct, frozen=True):
    """One of a service's tasks. `state` is Swarm's word, such as `running` or `failed`.

    `container` is the id of the container that it has, empty until there is one.
    """

    state: str
    container: str = ""


class DockerServiceReading(Reading, frozen=True):
    """One service.

    `exists` is false where the engine is no manager of a Swarm, too. `image` is the reference that
    it was given, `replicas` how many tasks are wanted (0 in a service of mode `global`), and
    `endpoint` how its name is answered: `vip` or `dnsrr`. `tasks` are those that shall
    run, and `past` those that shall not any more, as far back as Swarm remembers them; both in the
    order of their containers' ids.
    """

    exists: bool = True
    id: str = ""
    image: str = ""
    mode: str = ""
    replicas: int = 0
    endpoint: str = ""
    tasks: tuple[ServiceTask, ...] = ()
    past: tuple[ServiceTask, ...] = ()

    @property
    def running(self) -> tuple[str, ...]:
        """The containers of the tasks that run."""
        return tuple(one.container for one in self.tasks if one.state == "running")


class DockerServiceProbe(Probe[DockerServiceReading], frozen=True, tag="docker-service"):
    """A service of Swarm, by its whole name.

    Example::

        DockerServiceProbe("shop")
        reading.replicas == 3 and len(reading.running) == 3
    """

    service: str

    reading: ClassVar[type[msgspec.Struct]] = DockerServiceReading

    def topics(self) -> frozenset[str]:
        return frozenset({"docker:container"})
