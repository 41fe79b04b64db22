"""What a lab may ask about control groups; one group by itself is asked by `CgroupProbe`."""

from __future__ import annotations

from lab_engine.families.cgroups.probes import CgroupsProbe, CgroupsReading, CgroupSummary
from lab_engine.families.cgroups.requirements.groups import (
    require_group,
    require_held_back,
    require_in_group,
)

__all__ = [
    "CgroupSummary",
    "CgroupsProbe",
    "CgroupsReading",
    "require_group",
    "require_held_back",
    "require_in_group",
]
