"""The storage driver: layers, copy-on-write, and where they lie."""

from __future__ import annotations

from lab_engine.authoring import (
    Container,
    ContainerLayersProbe,
    DockerImageProbe,
    FileProbe,
    Image,
    See,
    require,
    require_layer,
)
from labs.keeping_data.values import Values, lab

ANSWER = "/home/learner/work/upper.txt"
UPPER = "docker container inspect left --format '{{.GraphDriver.Data.UpperDir}}'"
NOT_A_LAYER = (
    "MergedDir is the view that the container sees: all layers at once. WorkDir is the driver's "
    "own scratch space. Neither is the layer."
)

step = lab.step(
    "storage-backends",
    daemons=("docker",),
    resources=lambda _: [
        Image("busybox"),
        Image("myapp"),
        Container("left", image="busybox", command=("sleep", "1d")),
        Container("right", image="busybox", command=("sleep", "1d")),
    ],
    touches=lambda _: ["container/left"],
)


@step.check("three-changes", points=2)
async def three_changes(see: See, v: Values) -> None:
    left, right = await see(ContainerLayersProbe("left"), ContainerLayersProbe("right"))
    look = "docker diff left; docker diff right"
    require(
        left.exists and right.exists,
        "absent",
        expected="The containers left and right are there.",
        observed="One of them is gone.",
        look="docker ps -a",
    )

    new, group, env = f"/root/{v.file}", "/etc/group", "/usr/bin/env"
    require(
        new in left.changes or new not in right.changes,
        "added-in-right",
        expected=f"In left there is a new file {new}.",
        observed="There is one in right, and none in left.",
        look=look,
    )
    await require_layer(see, "left", differs=[new])
    require(
        left.changes.get(group) != "deleted",
        "group-gone",
        expected=f"In left, {group} has one line more.",
        observed="It is gone.",
        look=look,
    )
    await require_layer(see, "left", adds={group: ""})
    require(
        left.changes.get(env) != "changed",
        "emptied",
        expected=f"In left, {env} is deleted.",
        observed="It is changed.",
        look=look,
    )
    await require_layer(see, "left", lacks=[env])
    await require_layer(see, "right", same=True)


@step.check("find-the-layer")
async def find_the_layer(see: See, v: Values) -> None:
    left, right, answer = await see(
        ContainerLayersProbe("left"), ContainerLayersProbe("right"), FileProbe(ANSWER)
    )
    look = f"cat {ANSWER}; {UPPER.replace('.UpperDir', '')}"
    require(
        answer.exists and answer.content.strip(),
        "no-answer",
        expected="~/work/upper.txt holds the path of the folder.",
        observed="The file is empty." if answer.exists else "There is no such file.",
        look="ls ~/work",
    )
    said = answer.content.strip().rstrip("/")
    expected = "The path is that of the layer in which left keeps its own changes."
    base = left.writable.removesuffix("/diff")
    require(
        said != right.writable,
        "the-other-container",
        expected=expected,
        observed="It is the layer of right.",
        look=look,
    )
    require(
        said not in (f"{base}/merged", f"{base}/work"),
        "merged",
        expected=expected,
        observed=f"It is {said.rpartition('/')[2]}, which is not the layer itself.",
        look=look,
    )
    require(
        not (set(said.split(":")) & set(left.lower)),
        "lower",
        expected=expected,
        observed="It names a layer below, to which left does not write.",
        look=look,
    )
    require(
        said == left.writable,
        "elsewhere",
        expected=expected,
        observed=f"It says {said[:120]}.",
        look=look,
    )


@step.answer("layers-of-myapp")
async def layers_of_myapp(see: See, v: Values) -> list[str]:
    image = await see(DockerImageProbe("myapp"))
    return [str(len(image.layers))]


def three(container: str, v: Values) -> list[str]:
    return [
        f"docker exec {container} sh -c 'echo {v.message} > /root/{v.file}'",
        f"docker exec {container} sh -c 'echo staff:x:50: >> /etc/group'",
        f"docker exec {container} rm /usr/bin/env",
    ]


step.solution("inside", lambda v: [*three("left", v), f"{UPPER} > ~/work/upper.txt"])
step.solution(
    "from outside",
    lambda v: [
        f"echo {v.message} > {v.file} && docker cp {v.file} left:/root/{v.file}",
        "docker exec left cat /etc/group > group && echo staff:x:50: >> group"
        " && docker cp group left:/etc/group",
        "docker exec left unlink /usr/bin/env",
        f"dirname $(dirname $(sudo find /var/lib/docker/overlay2 -path '*/diff/root/{v.file}'))"
        " > upper.txt",
    ],
)
step.near_miss(
    "in the other container",
    lambda v: three("right", v),
    rejected_by="three-changes",
    reason="added-in-right",
    explain="left has no file of its own there. Look at the names: the work is to be done in left.",
)
step.near_miss(
    "replaced under another name",
    lambda v: [
        *three("left", v)[::2],
        "docker exec left mv /etc/group /etc/group.old",
    ],
    rejected_by="three-changes",
    reason="group-gone",
    explain="/etc/group itself is to be there with one line more, neither gone nor renamed.",
)
step.near_miss(
    "one > instead of two",
    lambda v: [
        *three("left", v)[::2],
        "docker exec left sh -c 'echo staff:x:50: > /etc/group'",
    ],
    rejected_by="three-changes",
    reason="old-text-lost",
    explain="Lines of the image are lost. One > empties a file before it writes, >> adds at the "
    "end. right still has them all: `docker cp right:/etc/group .` fetches the file, and `docker "
    "cp group left:/etc/group` puts it into left.",
)
step.near_miss(
    "only a new date",
    lambda v: [*three("left", v)[::2], "docker exec left touch /etc/group"],
    rejected_by="three-changes",
    reason="not-added",
    explain="The file was copied up into left's layer, but it has no line more than in the image.",
)
step.near_miss(
    "emptied instead of deleted",
    lambda v: [
        *three("left", v)[:2],
        "docker exec left sh -c 'rm /usr/bin/env; touch /usr/bin/env'",
    ],
    rejected_by="three-changes",
    reason="emptied",
    explain="The name still exists, though with other content. Delete the file itself.",
)
step.near_miss(
    "both containers changed",
    lambda v: [*three("left", v), "docker exec right touch /root/x"],
    rejected_by="three-changes",
    reason="touched",
    explain="right shall show that the image is unchanged, so it must stay as it was. `docker diff "
    "right` lists what you did there. A file that was touched stays in the layer, so run right "
    "anew (`docker rm -f right`, then `docker run` as it was), or begin the step anew.",
)
step.near_miss(
    "the merged view",
    lambda _: [f"{UPPER.replace('UpperDir', 'MergedDir')} > ~/work/upper.txt"],
    rejected_by="find-the-layer",
    reason="merged",
    explain=NOT_A_LAYER,
)
step.near_miss(
    "the driver's scratch space",
    lambda _: [f"{UPPER.replace('UpperDir', 'WorkDir')} > ~/work/upper.txt"],
    rejected_by="find-the-layer",
    reason="merged",
    explain=NOT_A_LAYER,
)
step.near_miss(
    "the image's layers",
    lambda _: [f"{UPPER.replace('UpperDir', 'LowerDir')} > ~/work/upper.txt"],
    rejected_by="find-the-layer",
    reason="lower",
    explain="LowerDir lists the layers below: those of the image, and a thin one that Docker lays "
    "between. What left changes is written to none of them.",
)
step.near_miss(
    "the other container's layer",
    lambda _: [f"{UPPER.replace('left', 'right')} > ~/work/upper.txt"],
    rejected_by="find-the-layer",
    reason="the-other-container",
    explain="Every container has a layer of its own. You asked for the one of right.",
)
