"""Questions about the machines that Vagrant made: from its notes to what is really there.

Vagrant writes the id of each machine to `.vagrant/machines/NAME/PROVIDER/id` below the folder of
the Vagrantfile: the UUID of a libvirt domain, or the id of a container. The reading follows the id.
Vagrant is not run for it: that takes seconds, and the learner's file is a program.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from lab_engine.common.probe import Probe, Reading


class VagrantMachine(msgspec.Struct, frozen=True):
    """One machine of a project.

    `thing` is the name of the domain or container that bears the id, empty when none does (or for a
    provider that the bench does not have). `state` is the daemon's word for it, `running` for one
    that runs. `box` and `version` are those of the volume below its disk, `image` is that of a
    container. `noted_version` is what Vagrant wrote down of the box.
    """

    name: str
    provider: str
    id: str = ""
    thing: str = ""
    state: str = ""
    box: str = ""
    version: str = ""
    image: str = ""
    noted_version: str = ""

    @property
    def running(self) -> bool:
        return self.state == "running"


class VagrantMachinesReading(Reading, frozen=True):
    """The machines of one project, by name and provider. It `exists` if it has a Vagrantfile."""

    exists: bool = True
    machines: tuple[VagrantMachine, ...] = ()

    def named(self, name: str) -> tuple[VagrantMachine, ...]:
        """The machine of that name: one for each provider that has an id for it."""
        return tuple(one for one in self.machines if one.name == name)


class VagrantMachinesProbe(Probe[VagrantMachinesReading], frozen=True, tag="vagrant-machines"):
    """The machines of the project in a folder.

    Example::

        VagrantMachinesProbe("/home/learner/work/shop")
        any(one.running and one.provider == "libvirt" for one in reading.named("default"))
    """

    project: str

    reading: ClassVar[type[msgspec.Struct]] = VagrantMachinesReading

    def topics(self) -> frozenset[str]:
        return frozenset({"libvirt:domain", "docker:container", "file"})


class VagrantProjectsReading(Reading, frozen=True):
    """The folders below the work folder that have machines, sorted."""

    projects: tuple[str, ...] = ()


class VagrantProjectsProbe(Probe[VagrantProjectsReading], frozen=True, tag="vagrant-projects"):
    """Which projects have machines, at most three folders below the learner's work folder.

    Example::

        VagrantProjectsProbe()
        "/home/learner/work/shop" in reading.projects
    """

    reading: ClassVar[type[msgspec.Struct]] = VagrantProjectsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"file"})
