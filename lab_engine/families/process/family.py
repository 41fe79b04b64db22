"""Processes in the bench: services that a step starts, programs that a learner runs."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Family, Removal
from lab_engine.families.process import probes, resources

FAMILY: Final = Family(
    name="process",
    threads=4,
    resources={resources.Service: "service:ServiceProvider"},
    probes=(probes.ProcessProbe, probes.TrialProbe),
    readers=("readers", "trial"),
    topics={"process": "events:ProgramEvents"},
    inventory="inventory",
    fleeting="fleeting",
    removal={"process": Removal.PROCESSES},
)
