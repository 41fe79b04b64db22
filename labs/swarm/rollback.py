"""A version that does not work takes itself back."""

from __future__ import annotations

from lab_engine.authoring import ByHand, See, SwarmServiceProbe, require, require_spread
from labs.swarm.asked import on, require_answer
from labs.swarm.made import create, renew, street
from labs.swarm.values import IMAGE, Values, lab

CAREFUL = (
    "--update-parallelism 0 --update-monitor 3s --update-failure-action rollback "
    "--rollback-parallelism 0 --rollback-monitor 1s "
)
BAD = "false"
BY_HAND = (
    "You took it back. The swarm shall do it, at night too: `--update-failure-action rollback`, "
    "and then the bad version again."
)

step = lab.step("rollback", daemons=("docker",), resources=lambda v: v.rack(joined=True))


@step.check("rollback", points=3, settle=25.0)
async def rollback(see: See, v: Values) -> None:
    look = on(v.first, f"service inspect --pretty {v.shop}")
    tasks = on(v.first, f"service ps {v.shop}")
    # Before its tasks are counted: while it is paused some of them are bad.
    update = (await see(SwarmServiceProbe(v.first, v.shop))).update
    require(
        update != "paused",
        "paused",
        expected="The bad version was taken back.",
        observed="Its update is paused, half done.",
        look=look,
    )
    found = await require_spread(
        see, v.first, v.shop, v.count, image=IMAGE, among=v.machines, network=v.street
    )
    require(
        found.update == "rollback_completed",
        "no-rollback",
        expected="The latest update was rolled back.",
        observed=f"It is {found.update}." if found.update else "There was none.",
        look=look,
    )
    require(
        not found.undoable,
        "by-hand",
        expected="The swarm took the update back by itself.",
        observed="Somebody said `docker service rollback`.",
        look=look,
    )
    require(
        any(task.state in ("failed", "rejected") for task in found.tasks),
        "nothing-failed",
        expected="A task of the bad version failed.",
        observed="None did.",
        look=tasks,
    )
    await require_answer(see, v, found, v.sign)


def spoil(v: Values, options: str = "") -> str:
    return on(v.first, f"service update -d {options}--args {BAD} {v.shop}")


def until(v: Values, state: str, *, seconds: int = 120) -> str:
    """Wait until the latest update is in this state."""
    asked = on(v.first, "service inspect -f '{{.UpdateStatus.State}}'")
    return (
        f'timeout {seconds} sh -c "until [ \\$({asked} {v.shop}) = {state} ]; do sleep 0.5; done"'
    )


def spoiled(v: Values, state: str, options: str = "") -> str:
    return ByHand(
        f"{spoil(v, options)} && {until(v, state)}",
        typed=on(v.first, f"service update {options}--args {BAD} {v.shop}"),
    )


step.solution(
    "said from the beginning",
    lambda v: [street(v), create(v, options=CAREFUL), spoiled(v, "rollback_completed")],
)
step.solution(
    "said with the update before",
    lambda v: [
        street(v),
        create(v),
        on(v.first, f"service update -q {CAREFUL}{v.shop}"),
        spoiled(v, "rollback_completed"),
    ],
    explained={2: ["paused"]},
)
step.near_miss(
    "nothing was said of failures",
    lambda v: [street(v), create(v), spoiled(v, "paused", "--update-monitor 3s ")],
    rejected_by="rollback",
    reason="paused",
    explain="Without `--update-failure-action rollback` the swarm stops where it is, and waits for "
    "somebody to decide. Say it with an update, then try the bad version again.",
)
step.near_miss(
    "taken back by hand",
    lambda v: [
        street(v),
        create(v, options="--rollback-parallelism 0 --rollback-monitor 1s "),
        spoiled(v, "paused", "--update-monitor 3s "),
        on(v.first, f"service rollback -q {v.shop}"),
    ],
    rejected_by="rollback",
    reason="by-hand",
    explain=BY_HAND,
)
step.near_miss(
    "a good version taken back",
    lambda v: [
        street(v),
        create(v, options=CAREFUL),
        renew(v, options="-q "),
        on(v.first, f"service rollback -q {v.shop}"),
    ],
    rejected_by="rollback",
    reason="by-hand",
    explain=BY_HAND,
)
step.near_miss(
    "no bad version at all",
    lambda v: [street(v), create(v, options=CAREFUL)],
    rejected_by="rollback",
    reason="no-rollback",
)
