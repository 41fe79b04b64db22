"""A container's own layer: it outlives a stop, and ends with the container."""

from __future__ import annotations

from lab_engine.authoring import (
    Container,
    ContainerFileProbe,
    DockerContainerProbe,
    Image,
    See,
    require,
    require_container,
    require_outlived_stop,
)
from labs.keeping_data.values import Values, lab

NOT_A_RESTART = (
    "Nothing shows yet that the file outlives a stop: its container was not stopped after the file "
    "was written. Write it first, then stop and start the container."
)
SAME_CONTAINER = (
    "The file is gone or the program began anew, but it is still the same container. The point is "
    "to replace it: remove the container, then run a new one under the same name."
)

step = lab.step(
    "ephemeral-layer",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        Container(
            "draft",
            image="busybox",
            command=(
                "sh",
                "-c",
                f"[ -e /root/{v.file} ] || echo {v.message} > /root/{v.file}; exec sleep 1d",
            ),
        ),
    ],
    touches=lambda _: ["container/draft"],
)


@step.check("outlive-a-stop")
async def outlive_a_stop(see: See, v: Values) -> None:
    diary = await require_container(see, "diary", image="busybox")
    await require_outlived_stop(see, "diary", f"/root/{v.file}", says=v.message)
    require(
        not any(mount.type == "volume" for mount in diary.mounts),
        "with-a-volume",
        expected="diary has no volume.",
        observed=f"At {', '.join(mount.destination for mount in diary.mounts)} it has one.",
        look="docker inspect -f '{{json .Mounts}}' diary",
    )


@step.check("lose-a-file", gone=True)
async def lose_a_file(see: See, v: Values) -> None:
    before = await see.before(DockerContainerProbe("draft"))
    path = f"/root/{v.file}"
    now, file, old = await see(
        DockerContainerProbe("draft"),
        ContainerFileProbe("draft", path),
        DockerContainerProbe(before.id),
    )
    require(
        now.exists,
        "nothing-new",
        expected="A new container called draft runs.",
        observed="There is no container called draft any more.",
        look="docker ps -a",
    )
    require(
        now.id != before.id or not file.exists or now.started_at != before.started_at,
        "not-replaced",
        expected="draft is another container than at the beginning.",
        observed=f"It is still {before.id[:12]}.",
        look="docker ps -a",
    )
    require(
        now.id != before.id,
        "same-container",
        expected="draft is another container than at the beginning.",
        observed=f"It is still {before.id[:12]}.",
        look="docker ps -a",
    )
    require(
        not old.exists,
        "kept",
        expected=f"The first container, {before.id[:12]}, is removed.",
        observed=f"It is still there, called {old.name}.",
        look="docker ps -a",
    )
    require(
        not file.exists,
        "still-there",
        expected=f"The new draft has no {path}.",
        observed=f"It has one, which says {file.text.strip()!r}.",
        look="docker exec draft ls /root; docker ps -a",
    )
    await require_container(see, "draft", image="busybox")


step.solution(
    "restart",
    lambda v: [
        "docker run -d --name diary busybox sleep 1d",
        f"docker exec diary sh -c 'echo {v.message} > /root/{v.file}'",
        "docker restart -t 0 diary",
        "docker rm -f draft",
        "docker run -d --name draft busybox sleep 1d",
    ],
    explained={2: ["not-restarted"], 4: ["nothing-new"]},
)
step.solution(
    "copied in, stopped and started",
    lambda v: [
        "docker container create --name diary busybox sleep 1d && docker start diary",
        f"echo {v.message} > {v.file}",
        f"docker cp {v.file} diary:/root/{v.file}",
        "docker container kill diary",
        "docker container start diary",
        "docker kill draft; docker container rm draft",
        "docker container create --name draft busybox sleep 1d && docker start draft",
    ],
    explained={3: ["not-restarted"], 4: ["not-running"], 6: ["nothing-new"]},
)
step.solution(
    "an image by its id",
    lambda v: [
        "docker run -d --name diary $(docker image inspect -f '{{.Id}}' busybox) sleep 1d",
        f"docker exec diary sh -c 'echo {v.message} > /root/{v.file}'",
        "docker stop -t 0 diary; docker start diary",
        "docker rm -f draft",
        "docker run -d --name draft library/busybox:latest sleep 1d",
    ],
    explained={2: ["not-restarted"], 4: ["nothing-new"]},
)
step.near_miss(
    "written at every start",
    lambda v: [
        f"docker run -d --name diary busybox sh -c 'echo {v.message} > /root/{v.file}; sleep 1d'",
        "docker restart -t 0 diary",
        "sleep 0.2",
    ],
    rejected_by="outlive-a-stop",
    reason="not-restarted",
    explain=NOT_A_RESTART,
)
step.near_miss(
    "written after the restart",
    lambda v: [
        "docker run -d --name diary busybox sleep 1d",
        "docker restart -t 0 diary",
        f"docker exec diary sh -c 'echo {v.message} > /root/{v.file}'",
    ],
    rejected_by="outlive-a-stop",
    reason="not-restarted",
    explain=NOT_A_RESTART,
)
step.near_miss(
    "copied in after the restart, with an old date",
    lambda v: [
        "docker run -d --name diary busybox sleep 1d",
        "docker restart -t 0 diary",
        f"echo {v.message} > {v.file} && touch -d yesterday {v.file}",
        f"docker cp {v.file} diary:/root/{v.file}",
    ],
    rejected_by="outlive-a-stop",
    reason="not-restarted",
    explain=NOT_A_RESTART,
)
step.near_miss(
    "in a volume",
    lambda v: [
        "docker run -d --name diary -v home:/root busybox sleep 1d",
        f"docker exec diary sh -c 'echo {v.message} > /root/{v.file}'",
        "docker restart -t 0 diary",
    ],
    rejected_by="outlive-a-stop",
    reason="mounted-over",
    explain="Something is mounted at that folder, so the file does not lie in the container's own "
    "layer, which is meant here. Run diary without -v, --mount and --tmpfs.",
)
step.near_miss(
    "a volume somewhere else in it",
    lambda v: [
        "docker run -d --name diary -v spare:/spare busybox sleep 1d",
        f"docker exec diary sh -c 'echo {v.message} > /root/{v.file}'",
        "docker restart -t 0 diary",
    ],
    rejected_by="outlive-a-stop",
    reason="with-a-volume",
)
step.near_miss(
    "left stopped",
    lambda v: [
        "docker run -d --name diary busybox sleep 1d",
        f"docker exec diary sh -c 'echo {v.message} > /root/{v.file}'",
        "docker stop -t 0 diary",
    ],
    rejected_by="outlive-a-stop",
    reason="not-running",
    explain="The container is stopped. Its layer waits with the file in it: start it again.",
)
step.near_miss(
    "only the file removed",
    lambda v: [f"docker exec draft rm /root/{v.file}"],
    rejected_by="lose-a-file",
    reason="same-container",
    explain=SAME_CONTAINER,
)
step.near_miss(
    "restarted instead of replaced",
    lambda _: ["docker restart -t 0 draft"],
    rejected_by="lose-a-file",
    reason="same-container",
    explain=SAME_CONTAINER,
)
step.near_miss(
    "removed and not replaced",
    lambda _: ["docker rm -f draft"],
    rejected_by="lose-a-file",
    reason="nothing-new",
    explain="The old container is gone, its file with it. Now run a new one called draft and look "
    "for the file there.",
)
step.near_miss(
    "renamed out of the way",
    lambda _: [
        "docker rename draft draft-old",
        "docker run -d --name draft busybox sleep 1d",
    ],
    rejected_by="lose-a-file",
    reason="kept",
    explain="The old container still exists under another name, and so does its file. Remove it.",
)
step.near_miss(
    "the file carried over",
    lambda v: [
        f"docker cp draft:/root/{v.file} .",
        "docker rm -f draft",
        "docker run -d --name draft busybox sleep 1d",
        f"docker cp {v.file} draft:/root/{v.file}",
    ],
    rejected_by="lose-a-file",
    reason="still-there",
    explain="You saved the file by hand, or made an image of the container. That works, but only "
    "while you remember it. Here, see what happens when nobody does.",
)
step.near_miss(
    "an image of it first",
    lambda _: [
        "docker commit draft draft-image",
        "docker rm -f draft",
        "docker run -d --name draft draft-image",
    ],
    rejected_by="lose-a-file",
    reason="still-there",
    explain="You saved the file by hand, or made an image of the container. That works, but only "
    "while you remember it. Here, see what happens when nobody does.",
)
