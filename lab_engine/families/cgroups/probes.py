"""Questions about the control groups of the bench (cgroups(7)). No event tells of a new group."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class CgroupSummary(msgspec.Struct, frozen=True):
    """A group by its path, the controllers that it is there for (v1), and how many it holds.

    `controllers` is `unified` alone with cgroup v2.
    """

    path: str
    controllers: tuple[str, ...] = ()
    processes: int = 0


class CgroupsReading(Reading, frozen=True):
    """`version` is 1 or 2; 0 where none is mounted."""

    version: int = 0
    groups: tuple[CgroupSummary, ...] = ()


class CgroupsProbe(Probe[CgroupsReading], frozen=True, tag="cgroups"):
    """The control groups that somebody made by hand; those of daemons and containers are left out.

    Example::

        CgroupsProbe()
        any(one.path == "/lab" for one in reading.groups)
    """

    reading: ClassVar[type[msgspec.Struct]] = CgroupsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"process"})
