"""The layer of a container: what has grown in it, and how the room comes back."""

from __future__ import annotations

from lab_engine.authoring import (
    Container,
    ContainerPathsProbe,
    Image,
    See,
    require,
    require_file,
    require_untouched_container,
)
from labs.union_filesystem.values import Values, lab

ANSWER = "/home/learner/work/big.txt"


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
    await require_file(see, ANSWER, says=path(v))


@step.check("free", points=2, gone=True)
async def free(see: See, v: Values) -> None:
    probe = ContainerPathsProbe(v.container, (path(v),))
    before = await see.before(probe)
    await require_untouched_container(see, v.container)
    now = await see(probe)
    require(
        before.paths[path(v)].own,
        "never-there",
        expected=f"When this step began, {v.container} had a large file.",
        observed="It had none.",
        look=f"docker diff {v.container}",
    )
    require(
        not now.paths[path(v)].own and not now.paths[path(v)].now.exists,
        "still-there",
        expected=f"The large file is no longer in the layer of {v.container}.",
        observed=f"It is, with {now.paths[path(v)].now.size} bytes.",
        look=f"docker ps -s -f name={v.container}",
    )


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
    reason="other-text",
)
step.near_miss(
    "the folder",
    lambda v: [f"echo /var/{v.spool} > ~/work/big.txt"],
    rejected_by="find",
    reason="other-text",
)
step.near_miss(
    "the last line of docker diff, with its letter",
    lambda v: [f"docker diff {v.container} | grep {v.big} > ~/work/big.txt"],
    rejected_by="find",
    reason="other-text",
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
    explain="The file is gone, and the program was interrupted for it. That was not needed: the "
    "layer of a running container can be written to.",
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
