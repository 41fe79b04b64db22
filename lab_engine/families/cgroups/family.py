"""Control groups made by hand: read, and taken away with the step; those of daemons are theirs."""

from __future__ import annotations

from typing import Final

from lab_engine.families.cgroups import probes
from lab_engine.families.family import Drawn, Family, Removal

FAMILY: Final = Family(
    name="cgroups",
    threads=1,
    probes=(probes.CgroupsProbe,),
    readers=("readers",),
    inventory="inventory",
    removal={"cgroup": Removal.ATTACHMENTS},
    drawn={"cgroup": Drawn("control group", "store", "▣")},
)
