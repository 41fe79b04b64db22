"""What a lab may ask about overlay mounts."""

from __future__ import annotations

from lab_engine.families.overlay.probes import (
    OverlayPath,
    OverlayProbe,
    OverlayReading,
    OverlaysProbe,
    OverlaysReading,
    StackedFolder,
)
from lab_engine.families.overlay.requirements.overlays import (
    require_overlay,
    require_written_through,
)

__all__ = [
    "OverlayPath",
    "OverlayProbe",
    "OverlayReading",
    "OverlaysProbe",
    "OverlaysReading",
    "StackedFolder",
    "require_overlay",
    "require_written_through",
]
