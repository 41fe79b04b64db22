"""What the lesson asks of a builder, of an image that it made, and of who runs it."""

from __future__ import annotations

from typing import Final

from lab_engine.authoring import (
    DockerContainerProbe,
    DockerContainerReading,
    DockerImageProbe,
    DockerImageReading,
    ProcessProbe,
    See,
    require,
)

SCRIPTS = "io.openshift.s2i.scripts-url"
_WHERE = "image://"
MADE_BEFORE: Final = (
    "A change of the builder gives another image under its name. What was made before stands on "
    "the old one: make the app's image again, and then its container."
)


def scripts(builder: DockerImageReading) -> str:
    """The folder of a builder's scripts, from its label; empty when there is none."""
    said = builder.labels.get(SCRIPTS, "")
    return said.removeprefix(_WHERE).rstrip("/") if said.startswith(f"{_WHERE}/") else ""


KEPT: Final = (
    "A container keeps the image that it was made of, whoever has the name now. `docker rm -f` "
    "takes it away, and then it is run again."
)


async def require_builder(see: See, name: str) -> DockerImageReading:
    """A builder by the contract: its label says where the scripts are, its user is a number.

    Reasons: `no-builder`, `no-scripts`, `root`, `named-user`.
    """
    builder = await see(DockerImageProbe(name))
    require(
        builder.exists,
        "no-builder",
        expected=f"There is an image {name}, the builder.",
        observed="There is none.",
        look="docker images",
    )
    require(
        scripts(builder),
        "no-scripts",
        expected=f"Its label {SCRIPTS} says image:///FOLDER.",
        observed=f"The label is {builder.labels.get(SCRIPTS, '')!r}."
        if SCRIPTS in builder.labels
        else "It has no such label.",
        look=f"docker inspect -f '{{{{json .Config.Labels}}}}' {name}",
    )
    _require_nobody(builder, name)
    return builder


def _require_nobody(image: DockerImageReading, name: str) -> None:
    user = image.user.partition(":")[0]
    look = f"docker inspect -f '{{{{json .Config.User}}}}' {name}"
    require(
        user not in ("", "root") and user.strip("0"),
        "root",
        expected=f"Who starts {name} is not root.",
        observed="It is root.",
        look=look,
    )
    require(
        user.isdecimal(),
        "named-user",
        expected=f"The user of {name} is a number.",
        observed=f"It is the name {user}.",
        look=look,
    )


async def require_made(see: See, image: str, builder: str) -> DockerImageReading:
    """An image that a builder made: its layers and more, and its `run` as the command.

    `image` is a name or an id. Returns the image. Reasons: those of `require_builder`, `no-image`,
    `other-builder`, `nothing-added`, `other-command`, and `root` or `named-user` of the image.
    """
    base = await require_builder(see, builder)
    found = await see(DockerImageProbe(image))
    short = image.removeprefix("sha256:")[:12] if ":" in image else image
    require(
        found.exists,
        "no-image",
        expected=f"There is an image {short}.",
        observed="There is none.",
        look="docker images",
    )
    look = f"docker history {builder}; docker history {short}"
    require(
        found.layers[: len(base.layers)] == base.layers,
        "other-builder",
        expected=f"{short} is made on {builder}, as that is now.",
        observed="It has other layers.",
        look=look,
    )
    require(
        len(found.layers) > len(base.layers),
        "nothing-added",
        expected=f"{short} has what was assembled, on top of {builder}.",
        observed="It has no layer of its own.",
        look=look,
    )
    command = " ".join((*found.entrypoint, *found.command))
    require(
        f"{scripts(base)}/run" in command,
        "other-command",
        expected=f"{short} starts {scripts(base)}/run.",
        observed=f"It starts {command or 'nothing'}.",
        look=f"docker inspect -f '{{{{json .Config.Cmd}}}}' {short}",
    )
    _require_nobody(found, short)
    return found


async def require_newest(see: See, container: str, image: str) -> None:
    """A container that was made of an image by this name has the one that is called so now.

    Reason: `older-image`.
    """
    found, tagged = await see(DockerContainerProbe(container), DockerImageProbe(image))
    require(
        not found.exists or found.image != image or found.image_id == tagged.id,
        "older-image",
        expected=f"{container} is made of {image} as that is now.",
        observed="It is made of an older image, which was called so before.",
        look=f"docker inspect -f '{{{{.Image}}}}' {container}; docker images --no-trunc {image}",
    )


async def require_run_by(see: See, container: DockerContainerReading, uid: int) -> None:
    """The first process of a container belongs to this user, by number. Reason: `other-user`."""
    found = await see(ProcessProbe(pid=container.pid, everything=True))
    users = {one.user for one in found.processes if one.container == container.id}
    require(
        users == {str(uid)},
        "other-user",
        expected=f"{container.name} runs as {uid}.",
        observed=f"It runs as {', '.join(sorted(users)) or 'nobody: it has ended'}.",
        look=f"docker top {container.name} -o pid,user,args || docker ps -a",
    )
