"""What a lab may ask about the processor."""

from __future__ import annotations

from lab_engine.families.processor.probes import HypervisorProbe, HypervisorReading

__all__ = ["HypervisorProbe", "HypervisorReading"]
