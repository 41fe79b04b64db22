"""A version that does not work takes itself back."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    See,
    SwarmServiceProbe,
    SwarmServiceReading,
    require,
    require_spread,
)
from labs.swarm.asked import on
from labs.swarm.ended import until
from labs.swarm.made import create, renew, street
from labs.swarm.served import require_served
from labs.swarm.values import IMAGE, Values, lab
from labs.swarm.waits import until_running

CAREFUL = (
    "--update-parallelism 0 --update-monitor 3s --update-failure-action rollback "
    "--rollback-parallelism 0 --rollback-monitor 1s "
)
BAD = "false"
ENDED = ("failed", "rejected")
KILLED = (137, 143)
"""128 and the number of SIGKILL or SIGTERM."""
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
        observed=_ended(found),
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
        found.on_failure == "rollback",
        "once-only",
        expected=f"The failure action of {v.shop} is rollback, also for the next bad version.",
        observed=f"It is {found.on_failure or 'pause'}.",
        look=look,
    )
    bad = [
        task
        for task in found.tasks
        if task.state in ENDED and (task.command, task.image) != (found.command, found.image)
    ]
    require(
        bad,
        "nothing-failed",
        expected="A task of the bad version failed.",
        observed="None did.",
        look=tasks,
    )
    require(
        any(task.exit_code not in KILLED for task in bad),
        "killed",
        expected="A task of the bad version ended by itself.",
        observed="Each of them was killed.",
        look=tasks,
    )
    await require_served(see, v, found, v.sign)


def _ended(found: SwarmServiceReading) -> str:
    if found.update:
        return f"It is {found.update}."
    # A change of the number alone wipes out how the update before it ended.
    return "A later change has hidden how it ended." if found.undoable else "There was none."


def spoil(v: Values, options: str = "") -> str:
    return on(v.first, f"service update -d {options}--args {BAD} {v.shop}")


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
    "somebody to decide. Go back with `docker service rollback` first. Then say it with an update "
    "of its own, and try the bad version again.",
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
    "said together with the bad version",
    lambda v: [
        street(v),
        create(v),
        spoiled(v, "rollback_completed", CAREFUL),
    ],
    rejected_by="rollback",
    reason="once-only",
    explain="The failure action was said with the bad version, and is taken back with it. The next "
    "bad version would be paused. Say it with an update of its own.",
)
step.near_miss(
    "a good version, whose tasks are killed",
    lambda v: [
        street(v),
        create(v, options=CAREFUL.replace("monitor 3s", "monitor 60s")),
        ByHand(
            f"{renew(v, options='-d ')} && sleep 3 && {until_running(v.first, v.shop, v.count)}",
            typed=renew(v, options="-d "),
        ),
        ByHand(
            "; ".join(
                f"for c in $({on(machine, 'ps -q')}); do {on(machine, 'kill $c')}; done"
                for machine in v.machines
            )
            + f"; {until(v, 'rollback_completed')}",
            typed="; ".join(on(machine, "kill CONTAINER") for machine in v.machines),
        ),
    ],
    rejected_by="rollback",
    reason="killed",
)
step.near_miss(
    "no bad version at all",
    lambda v: [street(v), create(v, options=CAREFUL)],
    rejected_by="rollback",
    reason="no-rollback",
)
