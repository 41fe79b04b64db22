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


BY_ITSELF = 2.0
"""Seconds after its end within which an engine removes what it was told to (`--rm`); a person who
looks first takes longer."""
NO_TIME = 1.0


@step.check("once", points=2, settle=1.0)
async def once(see: See, v: Values) -> None:
    # First, so that what was told at the step's start is known, whatever is looked at.
    before = await see.before(DockerEventsProbe(v.job))
    told, found = await see(DockerEventsProbe(v.job), DockerContainerProbe(v.job))
    happened = told.after(before.last)
    look = f"docker ps -a; docker inspect {v.job} || true"
    if not found.exists and happened:
        last = [one for one in happened if one.id == happened[-1].id]
        died, destroyed = (
            max((one.at for one in last if one.action == action), default=0.0)
            for action in ("die", "destroy")
        )
        require(
            died and destroyed - died < BY_ITSELF and all(one.action != "kill" for one in last),
            "taken-back",
            expected=f"There is a container {v.job}.",
            observed="There is none of that name. There was one, and it was removed.",
            look="docker ps -a",
        )
    elif not found.exists:
        await require_ended(see, v.job, how="by itself", code=0)
    require(
        found.exists,
        "gone",
        expected=f"The container {v.job} is still there, with its log and its times.",
        observed="It ran, and was removed at its end.",
        look="docker ps -a",
    )
    require(
        # After a good end `on-failure` starts nothing.
        found.restart_policy in ("no", "", "on-failure"),
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
    life = [one for one in happened if one.id == found.id]
    starts = [one for one in life if one.action == "start"]
    require(
        len(starts) == 1,
        "started-again",
        expected=f"{v.job} was started once.",
        observed=f"It was started {len(starts)} times.",
        look=look,
    )
    require(
        all(one.action != "update" for one in life[life.index(starts[0]) :]),
        "changed-later",
        expected=f"{v.job} had its size when it began.",
        observed="Its size was changed after that.",
        look=look,
    )
    require(
        # Somebody who typed into the shell, or gave it a script, took or did something.
        found.command != ("sh",) or found.finished_at - found.started_at > NO_TIME,
        "no-work",
        expected=f"{v.job} has done some work.",
        observed="It ran `sh`, which had nothing to do, and ended at once.",
        look=look,
    )


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
step.solution(
    "again after a bad end only",
    lambda v: [run(v, f"--restart on-failure -m {v.mib}m --cpus {v.cpus:g}")],
)
step.near_miss(
    "as a service",
    lambda v: [
        run(v, f"-d --restart always -m {v.mib}m --cpus {v.cpus:g}"),
        "sleep 2",
    ],
    rejected_by="once",
    reason="again",
    explain="Whenever its work is done, it begins again: with `--restart always` or "
    "`unless-stopped` it counts as a service. You would pay for each time.",
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
step.near_miss(
    "taken back, and then refused",
    lambda v: [
        run(v, f"--cpus {v.cpus:g}", "true"),
        # As long as a person needs who looks at it first.
        "sleep 3",
        f"docker rm -f {v.job}",
        run(v, f"-m {v.mib} --cpus {v.cpus:g}") + " || true",
    ],
    rejected_by="once",
    reason="taken-back",
    explain="The older one was taken back, and there is no new one: Docker has refused the last "
    "order, and said why, or it had another name. A number without a letter behind `-m` is bytes.",
)
step.near_miss(
    "a policy taken back",
    lambda v: [
        run(v, f"-d --restart always -m {v.mib}m --cpus {v.cpus:g}", "sleep 0.5"),
        "sleep 2",
        f"docker update --restart no {v.job}",
        f"timeout 8 docker wait {v.job}",
    ],
    rejected_by="once",
    reason="started-again",
    explain="It was begun more than once: by its restart policy, whatever that is now, or by "
    "`docker start`. `docker rm -f` takes it back, and `docker run` makes a new one.",
)
step.near_miss(
    "made to fit afterwards",
    lambda v: [
        run(v, " "),
        f"docker update -m {v.mib}m --memory-swap {2 * v.mib}m --cpus {v.cpus:g} {v.job}",
    ],
    rejected_by="once",
    reason="changed-later",
    explain="When it ran, it had another size, and that is what counts. `docker rm` takes it back; "
    "give the next one its size at once.",
)
step.near_miss(
    "nothing to do",
    lambda v: [run(v, command="").strip()],
    rejected_by="once",
    reason="no-work",
    explain="Without a command it runs the image's own, `sh`. That waits for what somebody types, "
    "and ends where nobody can. What it shall do stands behind the image.",
)
