"""Overlay mounts: folders stacked into one by the kernel; read, never made."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family
from lab_engine.families.overlay import probes

FAMILY: Final = Family(
    name="overlay",
    threads=2,
    probes=(probes.OverlayProbe, probes.OverlaysProbe),
    readers=("readers",),
    drawn={"overlay": Drawn("stack of folders", "store", "≡")},
)
