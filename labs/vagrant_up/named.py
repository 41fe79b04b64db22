"""Which machine a Vagrantfile is about."""

from __future__ import annotations

from lab_engine.authoring import See, VagrantMachinesProbe, require


async def only_name(see: See, folder: str) -> str:
    """The name of the one machine of a project, `default` while there is none. One round trip.

    A task that names no machine leaves its name to the learner. Reason: `several`.
    """
    names = sorted({one.name for one in (await see(VagrantMachinesProbe(folder))).machines})
    require(
        len(names) < 2,
        "several",
        expected=f"Vagrant has brought up one machine from {folder}.",
        observed=f"It made {', '.join(names)}.",
        look=f"cd {folder} && vagrant status",
    )
    return names[0] if names else "default"
