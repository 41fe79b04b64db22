"""A machine breaks without a word, and its tasks begin anew on the others."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    See,
    SwarmProbe,
    require,
    require_spread,
    require_swarm,
)
from labs.swarm.asked import member, on
from labs.swarm.join import enter
from labs.swarm.made import create, runs_without, street
from labs.swarm.off import absences, require_off, within
from labs.swarm.values import IMAGE, Values, lab
from labs.swarm.waits import until_known

step = lab.step("crash", daemons=("docker",), resources=lambda v: v.rack(joined=True))


@step.check("crash", points=2, settle=6.0)
async def crash(see: See, v: Values) -> None:
    # First, so that what is told at the step's start is always known.
    off = await absences(see, v.third)
    look = on(v.first, f"service ps {v.shop}")
    found = await member(see, v, v.third)
    require(
        found.availability != "drain",
        "drained",
        expected=f"Nobody has told the swarm that {v.third} would be off.",
        observed="It is drained.",
        look=on(v.first, "node ls"),
    )
    service = await require_spread(
        see, v.first, v.shop, v.count, image=IMAGE, among=(v.first, v.second), network=v.street
    )
    require(
        any(task.node == v.third for task in service.tasks),
        "was-empty",
        expected=f"A task of {v.shop} was on {v.third} when it broke.",
        observed="None was ever there.",
        look=look,
    )
    require_off(v.third, off)
    began = [task.since for task in service.running]
    late = [since for since in began if since > off[-1][1]]
    anew = any(within(since, off) for since in began)
    require(
        anew or not late,
        "too-soon",
        expected=f"The swarm made the tasks anew while {v.third} was off.",
        observed=f"Those that run now began after {v.third} had been switched on again.",
        look=look,
    )
    require(
        anew,
        "left-before",
        expected=f"The swarm made the tasks anew while {v.third} was off.",
        observed=f"Those that run now began before {v.third} was off.",
        look=look,
    )


@step.check("back", needs=("crash",), settle=6.0)
async def back(see: See, v: Values) -> None:
    before = await see.before(SwarmProbe(v.third))
    require_off(v.third, await absences(see, v.third))
    await require_swarm(see, [v.first], workers=[v.second, v.third])
    now = await see(SwarmProbe(v.third))
    require(
        now.id == before.id,
        "joined-anew",
        expected=f"{v.third} is the same member of the swarm as before.",
        observed="It has left, and joined as a new one.",
        look=on(v.first, "node ls"),
    )


def breaks(v: Values, how: str = "docker kill") -> str:
    """It is off, and the swarm has noticed, and has made the tasks anew."""
    return ByHand(
        # Without a service nobody need wait for its tasks.
        f"{how} {v.third} && {on(v.first, f'service inspect {v.shop}')} > /dev/null && "
        f"{runs_without(v, v.third, seconds=90)}",
        typed=f"{how} {v.third}\n{on(v.first, f'service ps {v.shop}')}",
    )


def starts(v: Values) -> str:
    return ByHand(
        f"docker start {v.third} && {until_known(v.first, v.third, 'Ready')}",
        typed=f"docker start {v.third}\n{on(v.first, 'node ls')}",
    )


def kept_away(v: Values) -> str:
    return on(v.first, f"service update -q --constraint-add node.hostname!={v.third} {v.shop}")


step.solution("as shown", lambda v: [street(v), create(v), breaks(v), starts(v)])
step.solution(
    "switched off in good order",
    lambda v: [street(v), create(v), breaks(v, "docker stop -t 2"), starts(v)],
)
step.near_miss(
    "drained instead",
    lambda v: [
        street(v),
        create(v),
        on(v.first, f"node update --availability drain {v.third}")
        + f" && {runs_without(v, v.third)}",
    ],
    rejected_by="crash",
    reason="drained",
    explain="A machine that is drained is emptied on purpose. Here it breaks, and nobody has told "
    "the swarm. Make it `active` again, and kill it.",
)
step.near_miss(
    "killed before there was a service",
    lambda v: [
        f"docker kill {v.third} && {until_known(v.first, v.third, 'Down')}",
        street(v),
        create(v),
    ],
    rejected_by="crash",
    reason="was-empty",
    explain="Nothing was there that could be lost. Switch the machine on, make the service anew "
    "when all three are ready, and look where its tasks are before you kill it.",
)
step.near_miss(
    "kept away by a wish of the service, and then killed",
    lambda v: [street(v), create(v), kept_away(v), f"docker kill {v.third}", starts(v)],
    rejected_by="crash",
    reason="left-before",
)
step.near_miss(
    "on again at once, then moved by hand",
    lambda v: [
        street(v),
        create(v),
        f"docker kill {v.third} && docker start {v.third}",
        kept_away(v),
    ],
    rejected_by="crash",
    reason="too-soon",
)
step.near_miss(
    "still off",
    lambda v: [street(v), create(v), breaks(v)],
    rejected_by="back",
    reason="silent",
)
step.near_miss(
    "it left, and joined as a new one",
    lambda v: [
        street(v),
        create(v),
        breaks(v),
        starts(v),
        on(v.third, "swarm leave"),
        enter(v, v.third),
    ],
    rejected_by="back",
    reason="joined-anew",
    explain="A machine that was off is still a member, and need not join. It has left for good, "
    "and what joined is a new one of the same name.",
)
