"""What a Vagrantfile says, read as text; a machine stays when its file is changed."""

from __future__ import annotations

import re

from lab_engine.authoring import FileProbe, See, VagrantMachine, require, require_vagrant_machine
from labs.vagrant_together.values import Values

IMAGES = ("busybox", "busybox:latest")
_COMMENT = re.compile(r"(?m)(?:^|\s)#(?!\{).*$")


def plain(text: str) -> str:
    """A Vagrantfile without its comments; `#{name}` begins none."""
    return _COMMENT.sub("", text)


async def require_said(see: See, v: Values, *words: str) -> str:
    """The project's Vagrantfile is there, and has these words in it. One round trip.

    Gives back the text without comments. Reasons: `no-file`, `said-nowhere`.
    """
    file = await see(FileProbe(f"{v.folder}/Vagrantfile"))
    require(
        file.exists,
        "no-file",
        expected=f"The Vagrantfile is in {v.folder}.",
        observed="There is none of that name any more.",
        look=f"ls -la {v.folder}",
    )
    text = plain(file.content)
    missing = [word for word in words if word not in text]
    require(
        not missing,
        "said-nowhere",
        expected=f"The Vagrantfile says {', '.join(words)}.",
        observed=f"Nothing in it says {', '.join(missing)}.",
        look=f"cat {v.folder}/Vagrantfile",
    )
    return text


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
