"""From a process of the bench to the container that it is in, and back."""

from __future__ import annotations

from lab_engine.authoring import (
    Container,
    DockerContainerProbe,
    DockerEventsProbe,
    Image,
    ProcessProbe,
    See,
    require,
    require_all,
    require_container,
    require_ended,
    require_untouched_container,
)
from labs.why_containers.values import Values, lab

# Each begins anew when it is killed: a reset lets a container that runs be, whatever it has lost.
WAITS = ("sh", "-c", "while :; do sleep $ONE; done & while :; do sleep $TWO; done")


def pairs(v: Values) -> dict[str, tuple[int, int]]:
    """The seconds that the two processes of each container sleep."""
    return {
        v.guilty: (v.hungry - 1, v.hungry),
        v.kept: (v.hungry + 3, v.hungry + 5),
        v.third: (v.hungry + 6, v.hungry + 8),
    }


step = lab.step(
    "whose-process",
    daemons=("docker",),
    resources=lambda v: [
        Image("busybox"),
        *(
            Container(
                name,
                image="busybox",
                command=WAITS,
                environment={"ONE": str(one), "TWO": str(two)},
                # A shell as process 1 does not hear the signal, and `docker stop` would wait.
                stop_seconds=1,
            )
            for name, (one, two) in sorted(pairs(v).items())
        ),
    ],
    touches=lambda v: [f"container/{v.guilty}"],
)


def sleeping(seconds: int) -> ProcessProbe:
    """Also by its path: `/bin/sleep` is the same program."""
    return ProcessProbe(argv=f"^(/[a-z/]*/)?sleep {seconds}$", everything=True)


async def require_left_alone(see: See, name: str) -> None:
    """One of the other two. Reasons: `others-held`, those of `require_untouched_container`."""
    now = await see(DockerContainerProbe(name))
    require(
        now.state != "paused",
        "others-held",
        expected=f"{name} is running, as it was.",
        observed="Its processes are held still.",
        look="docker ps -a",
    )
    await require_untouched_container(see, name)


@step.check("stop", points=2, settle=2.0)
async def stop(see: See, v: Values) -> None:
    # First, so that the step's start has it: what happened since is judged at the end.
    await see.before(DockerEventsProbe(v.guilty))
    await require_all(
        require_left_alone(see, v.kept),
        require_left_alone(see, v.third),
    )
    # What is expected must not say which one it is: to find that out is the task.
    now = await see(DockerContainerProbe(v.guilty))
    look = f"docker ps -a; pgrep -af 'sleep {v.hungry}' || true"
    require(
        now.state != "paused",
        "held",
        expected=f"The container with sleep {v.hungry} has ended since this step began.",
        observed="Its processes are there, and held still.",
        look=look,
    )
    require(
        now.state != "running",
        "not-ended",
        expected=f"The container with sleep {v.hungry} has ended since this step began.",
        observed="It runs.",
        look=look,
    )
    await require_ended(see, v.guilty, how="stopped")


@step.check("second", points=2)
async def second(see: See, v: Values) -> None:
    found = await require_container(see, v.guest, image="busybox", namespaces={"pid": "own"})
    first, joined = await see(sleeping(v.extra), sleeping(v.joined))
    # What really runs there: with `--init` it is not the command that the container was given.
    number_one = (await see(ProcessProbe(pid=found.pid, everything=True))).processes
    said = " ".join(number_one[0].argv if number_one else found.command)
    look = f"docker top {v.guest}; docker ps"
    require(
        found.pid in [one.pid for one in first.processes],
        "other-first",
        expected=f"The first process of {v.guest} is sleep {v.extra}.",
        observed=f"It is {said[:60]}.",
        look=look,
    )
    require(
        joined.processes,
        "no-second",
        expected=f"A process sleep {v.joined} runs.",
        observed="There is none.",
        look=look,
    )
    require(
        found.id in [one.container for one in joined.processes],
        "elsewhere",
        expected=f"sleep {v.joined} runs in {v.guest}.",
        observed="It runs, but not in there.",
        look=look,
    )


def run(v: Values, name: str = "", words: str = "") -> str:
    return f"docker run -d --name {name or v.guest} busybox {words or f'sleep {v.extra}'}"


def join(v: Values) -> str:
    return f"docker exec -d {v.guest} sleep {v.joined}"


step.solution(
    "docker top, docker stop, docker exec",
    lambda v: [
        f"for n in {v.crew}; do docker top $n | grep -q 'sleep {v.hungry}' && docker stop $n; "
        "done; true",
        run(v),
        join(v),
    ],
)
step.solution(
    "by the control group, and by a shell in there",
    lambda v: [
        f"docker stop $(grep -o '[0-9a-f]*$' /proc/$(pgrep -xf 'sleep {v.hungry}')/cgroup | "
        "grep ................ | head -1)",
        f"docker create --name {v.guest} busybox sleep {v.extra} && docker start {v.guest}",
        f"docker exec {v.guest} sh -c 'sleep {v.joined} >/dev/null 2>&1 </dev/null &'",
    ],
)
FORCED = (
    "It is the right one, and it was ended by force: `docker kill` and `docker rm -f` ask no "
    "program to end. Is it still there, `docker start` it and then `docker stop` it. Is it gone, "
    "reset the step (Shift+F8, or `infralab repair --reset`)."
)
step.solution(
    "the process first, which is of no use; and the programs by their paths",
    lambda v: [
        f"sudo pkill -xf 'sleep {v.hungry}'; docker stop -t 0 {v.guilty}",
        f"docker run -dit --entrypoint /bin/sleep --name {v.guest} busybox {v.extra}",
        f"docker exec -d -u nobody {v.guest} /bin/sleep {v.joined}",
    ],
)
step.near_miss(
    "killed",
    lambda v: [f"docker kill {v.guilty}"],
    rejected_by="stop",
    reason="other-end",
    explain=FORCED,
)
step.near_miss(
    "removed by force",
    lambda v: [f"docker rm -f {v.guilty}"],
    rejected_by="stop",
    reason="other-end",
    explain=FORCED,
)
step.near_miss(
    "only held up",
    lambda v: [f"docker pause {v.guilty}"],
    rejected_by="stop",
    reason="held",
)
OTHERS = (
    "A container has ended that had nothing to do with it, and its own work with it. Reset the "
    "step (Shift+F8, or `infralab repair --reset`), and look first."
)
RESTARTED = (
    "That one had nothing to do with it, and was started anew: what its programs had done until "
    "then is lost. Reset the step (Shift+F8, or `infralab repair --reset`), and look first."
)
step.near_miss(
    "the wrong one, and started again",
    lambda v: [f"docker stop {v.third}", f"docker start {v.third}", f"docker stop {v.guilty}"],
    rejected_by="stop",
    reason="restarted",
    explain=RESTARTED,
)
step.near_miss(
    "all of them, to be sure",
    lambda v: [f"docker stop {v.crew}"],
    rejected_by="stop",
    reason="stopped",
    explain=OTHERS,
)
step.near_miss(
    "the wrong one",
    lambda v: [f"docker stop {v.third}"],
    rejected_by="stop",
    reason="stopped",
    explain=OTHERS,
)
ELSEWHERE = (
    "It was not started in the container that is there. `docker exec` starts a process in one that "
    "runs."
)
OTHER_FIRST = (
    "The first process, number 1, is what `docker run` starts, and here that is another command."
)
step.near_miss(
    "a second container",
    lambda v: [run(v), run(v, f"{v.guest}b", f"sleep {v.joined}")],
    rejected_by="second",
    reason="elsewhere",
    explain=ELSEWHERE,
)
step.near_miss(
    "on the bench",
    lambda v: [run(v), f"sleep {v.joined} >/dev/null 2>&1 </dev/null &"],
    rejected_by="second",
    reason="elsewhere",
    explain=ELSEWHERE,
)
step.near_miss(
    "the first alone",
    lambda v: [run(v)],
    rejected_by="second",
    reason="no-second",
)
step.near_miss(
    "a shell that starts both",
    lambda v: [run(v, words=f"sh -c 'sleep {v.extra} & sleep {v.joined} & wait'")],
    rejected_by="second",
    reason="other-first",
    explain=OTHER_FIRST,
)
step.near_miss(
    "in the wrong order",
    lambda v: [run(v, words=f"sleep {v.joined}"), f"docker exec -d {v.guest} sleep {v.extra}"],
    rejected_by="second",
    reason="other-first",
    explain=OTHER_FIRST,
)
step.near_miss(
    "with another program before it",
    lambda v: [
        f"docker run -d --init --name {v.guest} busybox sleep {v.extra}",
        join(v),
    ],
    rejected_by="second",
    reason="other-first",
    explain=OTHER_FIRST,
)
step.near_miss(
    "in the bench's list of processes",
    lambda v: [
        f"docker run -d --pid host --name {v.guest} busybox sleep {v.extra}",
        join(v),
    ],
    rejected_by="second",
    reason="not-own",
    explain="It has no list of processes of its own, so its first process has no number 1. Leave "
    "`--pid` out.",
)
step.near_miss(
    "another one held up",
    lambda v: [f"docker stop {v.guilty}", f"docker pause {v.third}"],
    rejected_by="stop",
    reason="others-held",
    explain="That one had nothing to do with it, and its programs stand still. `docker unpause` "
    "lets them go on.",
)
