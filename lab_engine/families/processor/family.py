"""The processor of the machine that the bench is on: read, never made."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Family
from lab_engine.families.processor import probes

FAMILY: Final = Family(
    name="processor",
    threads=1,
    probes=(probes.HypervisorProbe,),
    readers=("readers",),
)
