"""What a lab may ask for and ask about of processes."""

from __future__ import annotations

from lab_engine.families.process.probes import (
    ProcessesReading,
    ProcessProbe,
    ProcessReading,
    TrialProbe,
    TrialReading,
)
from lab_engine.families.process.requirements.programs import require_process
from lab_engine.families.process.requirements.trials import require_program
from lab_engine.families.process.resources import (
    FileReady,
    HttpReady,
    Readiness,
    Service,
    TcpReady,
)

__all__ = [
    "FileReady",
    "HttpReady",
    "ProcessProbe",
    "ProcessReading",
    "ProcessesReading",
    "Readiness",
    "Service",
    "TcpReady",
    "TrialProbe",
    "TrialReading",
    "require_process",
    "require_program",
]
