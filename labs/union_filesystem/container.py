"""The layer of a container: what has grown in it, and how the room comes back."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    Container,
    ContainerPathsProbe,
    DockerContainerProbe,
    Image,
    See,
    as_read,
    require,
    require_answer,
    require_file,
    require_untouched_container,
)
from labs.union_filesystem.values import Values, lab

ANSWER = "/home/learner/work/big.txt"
LARGE = 1 << 20
"""Bytes of a file that fills the layer; the large one has three times as much at the least."""
KEPT = "/var/log/start"


def path(v: Values) -> str:
    """The file that has grown, as the container sees it."""
    return f"/var/{v.spool}/{v.big}"


step = lab.step(
    "container",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        Container(
            v.container,
            image="busybox",
            command=(
                "sh",
                "-c",
                f"mkdir -p /var/{v.spool} /var/log; echo started > /var/log/start; "
                f"[ -e /var/log/once ] || head -c {v.mib << 20} /dev/zero > {path(v)}; "
                "touch /var/log/once; rm -f /usr/bin/env; exec sleep 1d",
            ),
        ),
    ],
    touches=lambda v: [f"container/{v.container}"],
)


@step.check("find", points=2)
async def find(see: See, v: Values) -> None:
    await see(ContainerPathsProbe(v.container, (path(v),)))
    said = as_read((await require_file(see, ANSWER)).content)
    what = "the path of the large file, as the container sees it"
    look = "head -c 200 ~/work/big.txt"
    require(
        not said.startswith("/var/lib/docker/"),
        "path-in-bench",
        expected=f"{ANSWER} says {what}.",
        observed="It says a path of the bench's, below /var/lib/docker.",
        look=look,
    )
    require(
        not re.match(r"[ACD] /", said),
        "with-letter",
        expected=f"{ANSWER} says {what}.",
        observed="It begins with a letter of docker diff's.",
        look=look,
    )
    require(
        not said or not path(v).startswith(f"{said.rstrip('/')}/"),
        "a-folder",
        expected=f"{ANSWER} says {what}.",
        observed=f"{said} is a folder.",
        look=look,
    )
    await require_answer(see, ANSWER, says=path(v), what=what)


@step.check("free", points=2, gone=True)
async def free(see: See, v: Values) -> None:
    probe = ContainerPathsProbe(v.container, (path(v), KEPT))
    before = await see.before(probe)
    await see.before(DockerContainerProbe(v.container))
    now, _ = await see(probe, DockerContainerProbe(v.container))
    own = now.id == before.id and now.paths[path(v)]
    require(
        not own or (not own.own and not own.now.exists),
        "still-there",
        expected=f"The large file is no longer in the layer of {v.container}.",
        observed=f"It is, with {own.now.size if own else 0} bytes.",
        look=f"docker ps -s -f name={v.container}",
    )
    await require_untouched_container(see, v.container)
    left = await large(see, v)
    require(
        not left,
        "elsewhere",
        expected=f"The room in the layer of {v.container} has come back.",
        observed=f"A large file lies at {left}.",
        look=f"docker diff {v.container}",
    )
    require(
        now.paths[KEPT].now.exists,
        "too-much",
        expected=f"Only the large file is gone from {v.container}.",
        observed=f"{KEPT} is gone, too.",
        look=f"docker diff {v.container}",
    )
    require(
        before.paths[path(v)].own,
        "never-there",
        expected=f"When this step began, {v.container} had a large file.",
        observed="It had none.",
        look=f"docker diff {v.container}",
    )


async def large(see: See, v: Values) -> str:
    """The path of a large file in the container's own layer; empty for none."""
    changes = (await see(ContainerPathsProbe(v.container, (), changes=True))).changes
    own = tuple(one for one, what in changes.items() if what != "deleted")
    there = (await see(ContainerPathsProbe(v.container, own))).paths
    return next((o for o, f in there.items() if f.own and f.now.size >= LARGE), "")


UPPER = "docker container inspect --format '{{.GraphDriver.Data.UpperDir}}'"

step.solution(
    "with what the container itself has",
    lambda v: [
        f"docker exec {v.container} find /var -type f -size +1000k > ~/work/big.txt",
        f"docker exec {v.container} rm $(cat ~/work/big.txt)",
    ],
)
step.solution(
    "ask the layer, and delete in the container",
    lambda v: [
        f"UPPER=$({UPPER} {v.container})",
        "sudo find $UPPER -type f -size +1M -printf '/%P\\n' > ~/work/big.txt",
        f"docker exec {v.container} rm {path(v)}",
    ],
)
step.near_miss(
    "the path in the bench",
    lambda v: [f"sudo find $({UPPER} {v.container}) -type f -size +1M > ~/work/big.txt"],
    rejected_by="find",
    reason="path-in-bench",
    explain="That is where it lies in the bench. The container sees only what comes after `diff`.",
)
step.near_miss(
    "the folder",
    lambda v: [f"echo /var/{v.spool} > ~/work/big.txt"],
    rejected_by="find",
    reason="a-folder",
)
step.near_miss(
    "the last line of docker diff, with its letter",
    lambda v: [f"docker diff {v.container} | grep {v.big} > ~/work/big.txt"],
    rejected_by="find",
    reason="with-letter",
    explain="The letter says what became of the file: A for added. The path begins at its slash.",
)
step.near_miss(
    "another file of the layer",
    lambda v: ["echo /var/log/once > ~/work/big.txt"],
    rejected_by="find",
    reason="other-text",
)
step.near_miss(
    "started again, and nothing deleted",
    lambda v: [f"docker restart -t 0 {v.container}"],
    rejected_by="free",
    reason="still-there",
)
step.near_miss(
    "emptied",
    lambda v: [f"docker exec {v.container} sh -c ': > {path(v)}'"],
    rejected_by="free",
    reason="still-there",
)
step.near_miss(
    "started again",
    lambda v: [
        f"docker exec {v.container} rm {path(v)}",
        f"docker restart -t 0 {v.container}",
    ],
    rejected_by="free",
    reason="restarted",
    explain="The file is gone, but the program was ended once since the step began. That was not "
    "needed: the layer of a running container can be written to. Begin the step anew.",
)
step.near_miss(
    "a new container",
    lambda v: [
        f"docker rm -f {v.container}",
        f"docker run -d --name {v.container} busybox sleep 1d",
    ],
    rejected_by="free",
    reason="replaced",
    explain="A new container begins with an empty layer, so the room is back. But the task was to "
    "keep the one that works.",
)
step.near_miss(
    "moved within the container",
    lambda v: [f"docker exec {v.container} mv {path(v)} /kept"],
    rejected_by="free",
    reason="elsewhere",
    explain="Moved, copied or linked within the container, a file takes as much room there. Delete "
    "that one, too.",
)
step.near_miss(
    "a second name kept",
    lambda v: [
        f"docker exec {v.container} ln {path(v)} /kept",
        f"docker exec {v.container} rm {path(v)}",
    ],
    rejected_by="free",
    reason="elsewhere",
    explain="Moved, copied or linked within the container, a file takes as much room there. Delete "
    "that one, too.",
)
step.near_miss(
    "the logs as well",
    lambda v: [f"docker exec {v.container} rm -r /var"],
    rejected_by="free",
    reason="too-much",
    explain="Others needed what lay beside it. Begin the step anew, and delete the one file.",
)
