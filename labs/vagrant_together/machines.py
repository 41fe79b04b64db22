"""What the lesson's machines have in common."""

from __future__ import annotations

from lab_engine.authoring import See, VagrantMachine, require, require_vagrant_machine
from labs.vagrant_together.values import Values

IMAGES = ("busybox", "busybox:latest")


async def require_busybox(see: See, v: Values, name: str) -> VagrantMachine:
    """Vagrant made this machine, and it runs: a container of busybox. One round trip.

    Reasons: those of `require_vagrant_machine`.
    """
    made = await require_vagrant_machine(see, v.folder, name=name, provider="docker")
    require(
        made.image in IMAGES,
        "other-image",
        expected=f"{name} is a container of busybox.",
        observed=f"It is one of {made.image}.",
        look=f"docker inspect -f '{{{{.Config.Image}}}}' {made.thing}",
    )
    return made
