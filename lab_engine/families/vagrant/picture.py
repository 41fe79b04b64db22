"""Projects of Vagrant, as parts of the picture: each with the machines that it made."""

from __future__ import annotations

from pathlib import PurePosixPath

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.vagrant.probes import (
    VagrantMachine,
    VagrantMachinesProbe,
    VagrantProjectsProbe,
)

_THING = {"libvirt": "vm", "docker": "container"}


async def read(questions: Questions, parts: Parts) -> None:
    """Add the projects, and join each to its machines, which their own families draw."""
    (there,) = await questions.all([VagrantProjectsProbe()])
    projects = there.projects if there else ()
    found = await questions.all([VagrantMachinesProbe(one) for one in projects])
    for project, its in zip(projects, found, strict=True):
        if its is None or not its.machines:
            continue
        key = f"vagrant-project/{project}"
        facts = (("folder", project), *((one.name, _told(one)) for one in its.machines))
        name = PurePosixPath(project).name
        parts.add(Node(key, "vagrant-project", name, facts=facts))
        for one in its.machines:
            if one.thing:
                parts.join(f"{_THING[one.provider]}/{one.thing}", key, one.name)


def _told(one: VagrantMachine) -> str:
    made_of = f"{one.box} {one.version}".strip() or one.image
    return ", ".join(part for part in (one.provider, one.state or "not there", made_of) if part)
