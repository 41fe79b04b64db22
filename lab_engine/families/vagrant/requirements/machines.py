"""Statements about the machines of a Vagrant project (client side)."""

from __future__ import annotations

from typing import Literal

from lab_engine.common.evidence import See, require
from lab_engine.families.vagrant.probes import VagrantMachine, VagrantMachinesProbe


async def require_vagrant_machine(
    see: See,
    project: str,
    *,
    name: str = "default",
    provider: Literal["libvirt", "docker"] = "libvirt",
    box: str = "",
    version: str = "",
    image: str = "",
) -> VagrantMachine:
    """Vagrant made this machine of the project, and it runs. One round trip.

        made = await require_vagrant_machine(see, v.project, box="infralab/small", version="1.1.0")
        await require_domain(see, made.thing, memory=192)

    The id that Vagrant noted in the project's folder is followed to the domain or container. A
    machine of that name made by other means is not it.

    Reasons: `no-project`, `not-up`, `other-provider`, `no-such-machine`, `not-running`,
    `other-box`, `other-version`, `other-image`.

    Args:
        see: the check's way to ask.
        project: the folder of the Vagrantfile.
        name: the machine's name in the Vagrantfile; `default` when it names none.
        provider: what it must be made with.
        box: the box that its disk was made from, by the disk itself.
        version: the version of that box.
        image: the name of a container's image.
    """
    found = await see(VagrantMachinesProbe(project))
    look = f"cd {project} && vagrant status"
    require(
        found.exists,
        "no-project",
        expected=f"There is a Vagrantfile in {project}.",
        observed="There is none.",
        look=f"ls -la {project} || ls -la ~/work",
    )
    known = found.named(name)
    notes = f"find {project} -path '*.vagrant/machines/*' -name id"
    require(
        known,
        "not-up",
        expected=f"Vagrant has brought up {name} from {project}.",
        observed=f"It made {', '.join(one.name for one in found.machines)}."
        if found.machines
        else "It has made no machine there.",
        look=notes,
    )
    its = [one for one in known if one.provider == provider]
    require(
        its,
        "other-provider",
        expected=f"The machine {name} is made with the provider {provider}.",
        observed=f"It is made with {known[0].provider}.",
        look=notes,
    )
    one = its[0]
    require(
        one.thing,
        "no-such-machine",
        expected=f"The machine that Vagrant noted for {name} is there.",
        observed=f"Nothing has the id {one.id[:36]}.",
        look=notes,
    )
    require(
        one.running,
        "not-running",
        expected=f"The machine {name} runs.",
        observed=f"{one.thing} is {one.state}.",
        look=look,
    )
    require(
        box in ("", one.box),
        "other-box",
        expected=f"{name} is made from the box {box}.",
        observed=f"Its disk comes from {one.box or 'no box'}.",
        look=f"virsh domblklist {one.thing}",
    )
    require(
        version in ("", one.version),
        "other-version",
        expected=f"{name} is made from version {version} of its box.",
        observed=f"Its disk comes from version {one.version or 'of no box'}.",
        look=f"cat {project}/.vagrant/machines/{name}/{provider}/box_meta",
    )
    require(
        image in ("", one.image),
        "other-image",
        expected=f"{name} is a container of {image}.",
        observed=f"It is one of {one.image}.",
        look=f"docker inspect -f '{{{{.Config.Image}}}}' {one.thing}",
    )
    return one
