"""What a lab may ask for and ask about of Vagrant."""

from __future__ import annotations

from lab_engine.families.vagrant.probes import (
    VagrantMachine,
    VagrantMachinesProbe,
    VagrantMachinesReading,
    VagrantProjectsProbe,
    VagrantProjectsReading,
)
from lab_engine.families.vagrant.requirements.machines import require_vagrant_machine
from lab_engine.families.vagrant.requirements.vagrantfile import (
    require_vagrantfile,
    ruby_without_comments,
)
from lab_engine.families.vagrant.resources import VagrantBox

__all__ = [
    "VagrantBox",
    "VagrantMachine",
    "VagrantMachinesProbe",
    "VagrantMachinesReading",
    "VagrantProjectsProbe",
    "VagrantProjectsReading",
    "require_vagrant_machine",
    "require_vagrantfile",
    "ruby_without_comments",
]
