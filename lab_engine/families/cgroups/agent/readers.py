"""Answers about the control groups that somebody made (agent side)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.cgroups import probes as s
from lab_engine.families.cgroups.agent import trees


def read_groups(_: s.CgroupsProbe) -> s.CgroupsReading:
    there = trees.trees()
    controllers = {one for told in there.values() for one in told}
    version = 1 if controllers - {"unified", "systemd"} else 2 if controllers else 0
    return s.CgroupsReading(
        version,
        tuple(
            s.CgroupSummary(
                path,
                tuple(sorted(one for tree in folders for one in there.get(tree, ()))),
                len({pid for folder in folders.values() for pid in trees.members(folder)}),
            )
            for path, folders in trees.groups().items()
        ),
    )


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {s.CgroupsProbe: read_groups}
