"""tmpfs: data in memory, gone when the container stops."""

from __future__ import annotations

from lab_engine.authoring import (
    Container,
    ContainerFileProbe,
    ContainerMount,
    DockerContainerProbe,
    Image,
    See,
    require,
    require_bare,
    require_container,
    require_mount,
)
from labs.keeping_data.values import Values, lab

SCRATCH = "/scratch"
NOT_STOPPED = (
    "The container was never stopped, so its memory was never given back. Whatever removed the "
    "file, it was not the tmpfs."
)
WRONG_SIZE = (
    "The filesystem has another limit. Without one it may take half of the host's memory, and a "
    "number without a letter counts bytes: write size=3m for three MiB."
)

step = lab.step(
    "tmpfs",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        Container(
            "secrets",
            image="busybox",
            mounts=(ContainerMount(SCRATCH, type="tmpfs", size="1m"),),
            command=(
                "sh",
                "-c",
                f"[ -e /root/begun ] || echo {v.message} > {SCRATCH}/{v.file}; "
                "touch /root/begun; exec sleep 1d",
            ),
        ),
    ],
    touches=lambda _: ["container/secrets"],
)


@step.check("size", points=2)
async def size(see: See, v: Values) -> None:
    cache = await require_container(see, "cache", image="busybox")
    await require_mount(see, SCRATCH, fstype="tmpfs", size=v.size << 20, pid=cache.pid)
    await require_bare(see, SCRATCH, pid=cache.pid)


@step.check("forget", gone=True)
async def forget(see: See, v: Values) -> None:
    before = await see.before(DockerContainerProbe("secrets"))
    path = f"{SCRATCH}/{v.file}"
    now, file = await see(DockerContainerProbe("secrets"), ContainerFileProbe("secrets", path))
    require(
        now.exists and now.id == before.id,
        "replaced",
        expected=f"secrets is still the container {before.id[:12]}.",
        observed=f"It is {now.id[:12]}." if now.exists else "It is removed.",
        look="docker ps -a",
    )
    await require_container(see, "secrets", image="busybox")
    restarted = now.started_at > before.started_at
    require(
        restarted or file.exists,
        "deleted",
        expected="secrets was stopped and started again.",
        observed="The file is gone, but secrets has run all the time.",
        look="docker container inspect secrets --format '{{.State.StartedAt}}'",
    )
    require(
        restarted,
        "not-stopped",
        expected="secrets was stopped and started again.",
        observed="It has run all the time.",
        look="docker container inspect secrets --format '{{.State.StartedAt}}'",
    )
    require(
        not file.exists,
        "still-there",
        expected=f"{path} is gone.",
        observed=f"It is there, and says {file.text.strip()[:80]!r}.",
        look=f"docker exec secrets ls {SCRATCH}",
    )


def cache(options: str) -> str:
    return f"docker run -d --name cache {options} busybox sleep 1d"


step.solution(
    "with --tmpfs",
    lambda v: [
        cache(f"--tmpfs {SCRATCH}:size={v.size}m"),
        "docker stop -t 0 secrets",
        "docker start secrets",
    ],
)
step.solution(
    "with --mount",
    lambda v: [
        cache(f"--mount type=tmpfs,target={SCRATCH},tmpfs-size={v.size}m"),
        "docker restart -t 0 secrets",
    ],
)
step.near_miss(
    "no limit",
    lambda _: [cache(f"--tmpfs {SCRATCH}")],
    rejected_by="size",
    reason="other-size",
    explain=WRONG_SIZE,
)
step.near_miss(
    "bytes",
    lambda v: [cache(f"--tmpfs {SCRATCH}:size={v.size}")],
    rejected_by="size",
    reason="other-size",
    explain=WRONG_SIZE,
)
step.near_miss(
    "half a MiB too much",
    lambda v: [cache(f"--tmpfs {SCRATCH}:size={v.size * 1024 + 512}k")],
    rejected_by="size",
    reason="other-size",
    explain=WRONG_SIZE,
)
step.near_miss(
    "more room in a second one",
    lambda v: [cache(f"--tmpfs {SCRATCH}:size={v.size}m --tmpfs {SCRATCH}/more")],
    rejected_by="size",
    reason="mounted-below",
)
step.near_miss(
    "a volume",
    lambda _: [cache(f"-v cachevol:{SCRATCH}")],
    rejected_by="size",
    reason="other-filesystem",
    explain="What is mounted there lies on the disk and stays. --tmpfs is the option for memory.",
)
step.near_miss(
    "shared memory",
    lambda v: [cache(f"--shm-size {v.size}m"), f"docker exec cache mkdir {SCRATCH}"],
    rejected_by="size",
    reason="not-mounted",
    explain="--shm-size sets the limit of /dev/shm. Nothing is mounted at /scratch.",
)
step.near_miss(
    "deleted by hand",
    lambda v: [f"docker exec secrets rm {SCRATCH}/{v.file}"],
    rejected_by="forget",
    reason="deleted",
    explain=NOT_STOPPED,
)
step.near_miss(
    "paused",
    lambda v: [
        f"docker exec secrets rm {SCRATCH}/{v.file}",
        "docker pause secrets",
        "docker unpause secrets",
    ],
    rejected_by="forget",
    reason="deleted",
    explain=NOT_STOPPED,
)
step.near_miss(
    "replaced",
    lambda _: [
        "docker rm -f secrets",
        f"docker run -d --name secrets --tmpfs {SCRATCH} busybox sleep 1d",
    ],
    rejected_by="forget",
    reason="replaced",
    explain="Another container has a memory of its own, so this shows nothing about the first "
    "one's. Stop and start the one that was there.",
)
step.near_miss(
    "written again",
    lambda v: [
        "docker restart -t 0 secrets",
        f"docker exec secrets sh -c 'echo {v.message} > {SCRATCH}/{v.file}'",
    ],
    rejected_by="forget",
    reason="still-there",
    explain="The file is there again, since you wrote it after the restart. Start once more, and "
    "only look.",
)
