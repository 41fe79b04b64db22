"""What a lab may ask about image layouts, and how it writes one down."""

from __future__ import annotations

from lab_engine.families.oci.layout import layout_files
from lab_engine.families.oci.probes import (
    Blob,
    OciLayoutProbe,
    OciLayoutReading,
    OciLayoutsProbe,
    OciLayoutsReading,
)
from lab_engine.families.oci.requirements.layouts import require_blobs, require_layout

__all__ = [
    "Blob",
    "OciLayoutProbe",
    "OciLayoutReading",
    "OciLayoutsProbe",
    "OciLayoutsReading",
    "layout_files",
    "require_blobs",
    "require_layout",
]
