"""What a lab may ask about pods by the CRI."""

from __future__ import annotations

from lab_engine.families.cri.probes import CriContainer, CriPod, CriProbe, CriReading
from lab_engine.families.cri.requirements.pods import require_cri_pod

__all__ = ["CriContainer", "CriPod", "CriProbe", "CriReading", "require_cri_pod"]
