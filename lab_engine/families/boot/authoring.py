"""What a lab may ask about systems that a learner made."""

from __future__ import annotations

from lab_engine.families.boot.probes import Boot, Booted, BootProbe, BootReading
from lab_engine.families.boot.requirements.boots import require_boots, require_remembers

__all__ = [
    "Boot",
    "BootProbe",
    "BootReading",
    "Booted",
    "require_boots",
    "require_remembers",
]
