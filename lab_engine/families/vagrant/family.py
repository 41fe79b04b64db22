"""Boxes of Vagrant, and the machines of projects. Vagrant itself is never run to find out."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family
from lab_engine.families.vagrant import probes, resources

FAMILY: Final = Family(
    name="vagrant",
    threads=2,
    resources={resources.VagrantBox: "box:VagrantBoxProvider"},
    probes=(probes.VagrantMachinesProbe, probes.VagrantProjectsProbe),
    readers=("readers",),
    drawn={"vagrant-project": Drawn("Vagrant project", "segment", line="╌")},
)
