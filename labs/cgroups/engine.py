"""The same files below Docker: limits of a new container, and of one that goes on."""

from __future__ import annotations

from lab_engine.authoring import (
    Container,
    Image,
    See,
    require_container,
    require_group,
    require_untouched_container,
)
from labs.cgroups.values import NAMES, Values, lab

step = lab.step(
    "engine",
    daemons=("docker",),
    resources=lambda v: [
        NAMES,
        Image("busybox"),
        Container(v.old, image="busybox", command=("sleep", "86400")),
    ],
    touches=lambda v: [f"container/{v.old}"],
)


@step.check("run", points=2)
async def run(see: See, v: Values) -> None:
    box = await require_container(see, v.box, image="busybox")
    await require_group(
        see,
        v.box,
        pid=box.pid,
        memory=v.box_mib << 20,
        cpus=float(v.box_cpus),
        pids=v.box_most,
    )


@step.check("change", points=2)
async def change(see: See, v: Values) -> None:
    old = await require_untouched_container(see, v.old)
    await require_group(see, v.old, pid=old.pid, memory=v.old_mib << 20, pids=v.old_most)


def boxed(v: Values, memory: str = "", cpus: str = "", most: str = "") -> str:
    memory = memory or f"-m {v.box_mib}m"
    cpus = cpus or f"--cpus {v.box_cpus}"
    most = most or f"--pids-limit {v.box_most}"
    return f"docker run -d --name {v.box} {memory} {cpus} {most} busybox sleep 1d"


step.solution(
    "docker run and docker update",
    lambda v: [
        boxed(v),
        f"docker update -m {v.old_mib}m --memory-swap {v.old_mib}m "
        f"--pids-limit {v.old_most} {v.old}",
    ],
)
step.solution(
    "in bytes and in periods; one limit after the other",
    lambda v: [
        boxed(
            v,
            f"--memory={v.box_mib << 20}b",
            f"--cpu-period 100000 --cpu-quota {round(float(v.box_cpus) * 100000)}",
        ),
        f"docker update --pids-limit {v.old_most} {v.old}",
        f"docker update --memory {v.old_mib}m --memory-swap -1 {v.old}",
    ],
)
step.near_miss(
    "without the processor",
    lambda v: [f"docker run -d --name {v.box} -m {v.box_mib}m --pids-limit {v.box_most} "
               "busybox sleep 1d"],
    rejected_by="run",
    reason="no-limit",
)  # fmt: skip
step.near_miss(
    "shares in place of a limit",
    lambda v: [boxed(v, cpus="--cpu-shares 256")],
    rejected_by="run",
    reason="no-limit",
)
step.near_miss(
    "a thousand kilobytes for each MiB",
    lambda v: [boxed(v, memory=f"-m {v.box_mib * 1000}k")],
    rejected_by="run",
    reason="other-memory",
)
step.near_miss(
    "a processor for each",
    lambda v: [boxed(v, cpus="--cpus 1")],
    rejected_by="run",
    reason="other-cpus",
)
step.near_miss(
    "a new one of the same name",
    lambda v: [
        f"docker rm -f {v.old}",
        f"docker run -d --name {v.old} -m {v.old_mib}m --pids-limit {v.old_most} "
        "busybox sleep 86400",
    ],
    rejected_by="change",
    reason="replaced",
    explain="That is a new container with the right limits. The old one was to go on.",
)
step.near_miss(
    "stopped, changed, started",
    lambda v: [
        f"docker stop -t 0 {v.old}",
        f"docker update -m {v.old_mib}m --memory-swap {v.old_mib}m "
        f"--pids-limit {v.old_most} {v.old}",
        f"docker start {v.old}",
    ],
    rejected_by="change",
    reason="restarted",
    explain="The limits are right, but the program was ended for it. A limit can be changed while "
    "it holds.",
)
step.near_miss(
    "half of it",
    lambda v: [f"docker update --pids-limit {v.old_most} {v.old}"],
    rejected_by="change",
    reason="no-limit",
)
