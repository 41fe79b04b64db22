"""A container that somebody else runs for you: a size, one run, an end."""

from __future__ import annotations

from lab_engine.authoring import (
    DockerContainerProbe,
    DockerEventsProbe,
    Image,
    See,
    require,
    require_container,
    require_ended,
)
from labs.rented_clusters.values import Values, lab

step = lab.step("once", daemons=("docker",), resources=lambda _: [Image("busybox")])


@step.check("once", points=2, settle=1.0)
async def once(see: See, v: Values) -> None:
    # So that what was told at the step's start is known, whatever is looked at first.
    await see.before(DockerEventsProbe(v.job))
    found = await see(DockerContainerProbe(v.job))
    look = f"docker ps -a; docker inspect {v.job} || true"
    if not found.exists:
        await require_ended(see, v.job, how="by itself", code=0)
    require(
        found.exists,
        "gone",
        expected=f"The container {v.job} is still there, with its log and its times.",
        observed="It ran, and was removed at its end.",
        look="docker ps -a",
    )
    require(
        found.restart_policy in ("no", ""),
        "again",
        expected=f"{v.job} is not started again.",
        observed=f"Its restart policy is {found.restart_policy}.",
        look=look,
    )
    require(
        found.limits.memory == v.mib << 20,
        "other-memory",
        expected=f"{v.job} may have {v.mib} MiB.",
        observed=f"Its limit is {found.limits.memory} bytes (0 is none).",
        look=look,
    )
    require(
        round(found.limits.cpus, 3) == round(v.cpus, 3),
        "other-cpus",
        expected=f"{v.job} may have {v.cpus:g} processors.",
        observed=f"Its limit is {found.limits.cpus:g} (0 is none).",
        look=look,
    )
    require(
        not found.running,
        "still-runs",
        expected=f"{v.job} has done its work.",
        observed="It runs.",
        look=look,
    )
    await require_ended(see, v.job, how="by itself", code=0)
    await require_container(see, v.job, image="busybox", running=False)


def run(v: Values, options: str = "", command: str = "sh -c 'sleep 1; echo done'") -> str:
    size = options or f"-m {v.mib}m --cpus {v.cpus:g}"
    return f"docker run --name {v.job} {size} busybox {command}"


step.solution("as shown", lambda v: [run(v)])
step.solution(
    "made first, then started",
    lambda v: [
        f"docker create --name {v.job} --memory {v.mib * 1024}k --cpu-period 100000 "
        f"--cpu-quota {v.half * 10000} --restart no busybox echo done",
        f"docker start -a {v.job}",
    ],
)
step.near_miss(
    "as a service",
    lambda v: [
        run(v, f"-d --restart always -m {v.mib}m --cpus {v.cpus:g}"),
        "sleep 2",
    ],
    rejected_by="once",
    reason="again",
    explain="It has done its work, and begins again, and again: with `--restart always` it counts "
    "as a service. You would pay for each of them.",
)
step.near_miss(
    "without a limit of memory",
    lambda v: [run(v, f"--cpus {v.cpus:g}")],
    rejected_by="once",
    reason="other-memory",
)
step.near_miss(
    "without a limit of processors",
    lambda v: [run(v, f"-m {v.mib}m")],
    rejected_by="once",
    reason="other-cpus",
)
step.near_miss(
    "cleared away at once",
    lambda v: [run(v, f"--rm -m {v.mib}m --cpus {v.cpus:g}")],
    rejected_by="once",
    reason="gone",
    explain="With `--rm` nothing is left that anybody could look at: no log, no code, no times.",
)
step.near_miss(
    "it went wrong",
    lambda v: [run(v, command="sh -c 'echo oops; exit 3' || true")],
    rejected_by="once",
    reason="other-code",
)
step.near_miss(
    "a server",
    lambda v: [run(v, f"-d -m {v.mib}m --cpus {v.cpus:g}", "sleep 1d")],
    rejected_by="once",
    reason="still-runs",
    explain="It has not ended, and costs as long as it runs. Give it work that has an end.",
)
