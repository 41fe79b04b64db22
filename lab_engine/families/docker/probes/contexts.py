"""Questions about the client: which other engines it knows a way to. Event topic: `process`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class DockerContextsReading(Reading, frozen=True):
    """The contexts of the learner's client, without `default`: where each leads, by its name."""

    contexts: dict[str, str] = msgspec.field(default_factory=dict)


class DockerContextsProbe(Probe[DockerContextsReading], frozen=True, tag="docker-contexts"):
    """Which contexts the learner's client has (`docker context ls`).

    Example::

        DockerContextsProbe()
        reading.contexts.get("far") == "tcp://10.20.0.21:2375"
    """

    reading: ClassVar[type[msgspec.Struct]] = DockerContextsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})
