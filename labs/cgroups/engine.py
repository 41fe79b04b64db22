"""The same files below Docker: limits of a new container, and of one that goes on."""

from __future__ import annotations

from lab_engine.authoring import (
    CgroupProbe,
    Container,
    Image,
    See,
    require,
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
    found = await see(CgroupProbe(pid=old.pid))
    limits = {"memory": found.memory, "pids": found.pids}
    there = [name for name, one in limits.items() if one is not None]
    require(
        len(there) != 1,
        "half",
        expected=f"{v.old} has a limit for memory, and one for pids.",
        observed=f"It has one for {' and '.join(there)} alone.",
        look=f"docker inspect {v.old} | jq '.[].HostConfig | {{Memory, PidsLimit}}'",
    )
    await require_group(see, v.old, pid=old.pid, memory=v.old_mib << 20, pids=v.old_most)
    require(
        found.cpus is None or found.cpus >= 1,
        "more-limits",
        expected=f"{v.old} has no other limit.",
        observed=f"It may have {found.cpus or 0:g} of a processor's time.",
        look=f"docker inspect {v.old} | jq '.[].HostConfig | {{NanoCpus, CpuQuota}}'",
    )


def boxed(v: Values, memory: str = "", cpus: str = "", most: str = "") -> str:
    memory = memory or f"-m {v.box_mib}m"
    cpus = cpus or f"--cpus {v.box_cpus}"
    most = most or f"--pids-limit {v.box_most}"
    return f"docker run -d --name {v.box} {memory} {cpus} {most} busybox sleep 1d"


LOST = (
    "The program was ended: its container was started again, or is a new one of the same name. "
    "A limit can be changed while it holds. What has ended does not come back; only a reset of "
    "the step does that (`infralab repair --reset`)."
)
HALF = (
    "One of the two is missing. Each has an option of its own, and where `docker update` ended "
    "with an error, it changed nothing: with `-m` it may want `--memory-swap` at the same time."
)
ENDED = (
    "It was made, and it does not run: it was never started, or its command has ended. busybox "
    "without a command is a shell with nobody to type to it, and what stands behind the image's "
    "name is the command, options as well. `docker rm` frees the name for another try."
)

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
    explained={1: ["half"], 2: ["half"]},
)
step.solution(
    "made first and limited later; a wrong number set right, and a whole processor",
    lambda v: [
        f"docker create --name {v.box} busybox tail -f /dev/null && "
        f"docker update -m {v.box_mib}m --memory-swap -1 --cpus {v.box_cpus} "
        f"--pids-limit {v.box_most} {v.box} && docker start {v.box}",
        f"docker update -m {v.old_mib + 1}m --memory-swap -1 --cpus 1 {v.old} && "
        f"docker update -m {v.old_mib}m --memory-swap -1 --pids-limit {v.old_most} {v.old}",
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
    explain=LOST,
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
    explain=LOST,
)
step.near_miss(
    "started again, and no limit at all",
    lambda v: [f"docker restart -t 0 {v.old}"],
    rejected_by="change",
    reason="restarted",
    explain=LOST,
)
step.near_miss(
    "half of it",
    lambda v: [f"docker update --pids-limit {v.old_most} {v.old}"],
    rejected_by="change",
    reason="half",
    explain=HALF,
)
step.near_miss(
    "without the swap",
    lambda v: [
        f"docker update -m {v.old_mib}m {v.old} || true",
        f"docker update --pids-limit {v.old_most} {v.old}",
    ],
    rejected_by="change",
    reason="half",
    explain=HALF,
)
step.near_miss(
    "a share of the processor that nobody asked for",
    lambda v: [
        f"docker update -m {v.old_mib}m --memory-swap {v.old_mib}m --pids-limit {v.old_most} "
        f"--cpus {v.box_cpus} {v.old}"
    ],
    rejected_by="change",
    reason="more-limits",
    explain="This limit was for the other container. `docker update --cpus 1` takes it back: a "
    "whole processor counts as none.",
)
step.near_miss(
    "options behind the image",
    lambda v: [
        f"docker run -d --name {v.box} busybox sleep 1d -m {v.box_mib}m --cpus {v.box_cpus} "
        f"--pids-limit {v.box_most}; sleep 0.5"
    ],
    rejected_by="run",
    reason="not-running",
    explain=ENDED,
)
step.near_miss(
    "nothing to do",
    lambda v: [f"{boxed(v).removesuffix(' sleep 1d')}; sleep 0.5"],
    rejected_by="run",
    reason="not-running",
    explain=ENDED,
)
step.near_miss(
    "made and not started",
    lambda v: [boxed(v).replace("docker run -d", "docker create")],
    rejected_by="run",
    reason="not-running",
    explain=ENDED,
)
