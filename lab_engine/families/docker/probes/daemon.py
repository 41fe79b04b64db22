"""Questions about the daemon itself, as a process of the bench. Event topic: `process`."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class DockerDaemonReading(Reading, frozen=True):
    """The dockerd that answers at the bench's socket; it does not exist when none does.

    `started` is in clock ticks since boot. `live_restore` is what it says of itself now; `written`
    is whether the settings that the next one will read say so, too. `value` is their word for it,
    as JSON, empty when there is none, and `fault` why they say nothing at all: `no-settings`,
    `empty` or `not-json`. `container_started` is that of
    the first process of the container that was asked about; 0 when it does not run.
    """

    exists: bool = True
    pid: int = 0
    started: int = 0
    live_restore: bool = False
    written: bool = False
    value: str = ""
    fault: str = ""
    container_started: int = 0


class DockerDaemonProbe(Probe[DockerDaemonReading], frozen=True, tag="docker-daemon"):
    """Which dockerd answers, and whether its containers outlive it (`live-restore`).

    `container` is one by its whole name, whose age is to be compared with the daemon's.

    Example::

        DockerDaemonProbe("beat")
        reading.live_restore and reading.container_started < reading.started
    """

    container: str = ""

    reading: ClassVar[type[msgspec.Struct]] = DockerDaemonReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process", "docker:container", "docker:daemon"})
