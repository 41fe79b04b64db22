"""Three managers, of which one may be lost."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    See,
    SwarmProbe,
    SwarmServiceProbe,
    require,
    require_spread,
    require_swarm,
)
from labs.swarm.asked import on
from labs.swarm.off import absences, require_off, within
from labs.swarm.values import IMAGE, Values, lab
from labs.swarm.waits import until, until_known, until_running, until_said

step = lab.step("quorum", daemons=("docker",), resources=lambda v: v.rack(joined=True))


@step.check("promote", settle=6.0)
async def promote(see: See, v: Values) -> None:
    # Not of the first: it is off for a while.
    told = await see(SwarmProbe(v.second))
    look = f"docker exec {v.second} docker info"
    require(
        told.manager,
        "worker",
        expected=f"{v.second} is a manager of the swarm.",
        observed=f"It is a worker; its engine says: {told.state}." if told.exists else "It is off.",
        look="docker ps -a" if not told.exists else look,
    )
    require(
        not told.trouble,
        "no-leader",
        expected="The managers have a leader.",
        observed=told.trouble,
        look=look,
    )
    managers = {one.name for one in told.members if one.role == "manager"}
    missing = sorted({*v.machines} - managers)
    require(
        not missing,
        "too-few",
        expected="All three machines are managers.",
        observed=f"{', '.join(missing)} is none.",
        look=f"docker exec {v.second} docker node ls",
    )


@step.check("lose", points=2, needs=("promote",), settle=6.0)
async def lose(see: See, v: Values) -> None:
    # First, so that what is told at the step's start is always known.
    off = await absences(see, v.first)
    require_off(v.first, off)
    look = on(v.second, f"service ps {v.shop}")
    # Before they are counted: those on the first are believed to run for a while.
    known = await see(SwarmServiceProbe(v.second, v.shop))
    require(
        all(task.since > off[0][0] for task in known.running),
        "made-before",
        expected=f"The service was made when {v.first} was off already.",
        observed=f"Some of its tasks are older: they began while {v.first} was still on.",
        look=look,
    )
    service = await require_spread(see, v.second, v.shop, v.count, image=IMAGE, among=v.machines)
    require(
        any(within(task.since, off) for task in service.running),
        "made-after",
        expected=f"The service was made while {v.first} was off.",
        observed=f"Its tasks began after {v.first} had been switched on again.",
        look=look,
    )


@step.check("back", needs=("lose",), settle=6.0)
async def back(see: See, v: Values) -> None:
    before = await see.before(SwarmProbe(v.first))
    members = await require_swarm(see, [v.second, v.first, v.third])
    now = await see(SwarmProbe(v.first))
    require(
        now.id == before.id,
        "joined-anew",
        expected=f"{v.first} is the same member of the swarm as before.",
        observed="It has left, and joined as a new one.",
        look=on(v.second, "node ls"),
    )
    idle = [f"{one.name}: {one.availability}" for one in members if one.availability != "active"]
    require(
        not idle,
        "not-active",
        expected="Each machine is there for new tasks.",
        observed=", ".join(idle),
        look=on(v.second, "node ls"),
    )


def _is(v: Values, asked: str, machine: str, status: str) -> str:
    """Wait until a manager says of another machine that it is one: `Ready Reachable`."""
    listed = on(asked, "node ls --format '{{.Hostname}} {{.Status}} {{.ManagerStatus}}'")
    return until(listed, f"{machine} {status}")


def promotes(v: Values, *machines: str) -> str:
    said = on(v.first, f"node promote {' '.join(machines)}")
    known = [_is(v, v.first, machine, "Ready Reachable") for machine in machines]
    return ByHand(" && ".join((until_said(said), *known)), typed=said)


def breaks(v: Values, how: str = "docker kill", machine: str = "") -> str:
    """It is off, and the others have a leader and are ready for tasks."""
    lost = machine or v.first
    asked, other = (name for name in (v.second, v.third, v.first) if name != lost)
    listed = on(asked, "node ls --format '{{.ManagerStatus}}'")
    return ByHand(
        # Where the second is no manager, nobody will ever be chosen.
        f"{how} {lost} && docker exec {asked} docker info -f '{{{{.Swarm.ControlAvailable}}}}' "
        f"| grep -q true && {until(listed, 'Leader')} && {until_known(asked, asked, 'Ready')} && "
        f"{until_known(asked, other, 'Ready')}",
        typed=f"{how} {lost}\n{on(asked, 'node ls')}",
    )


def makes(v: Values, manager: str) -> str:
    made = f"--name {v.shop} --replicas {v.count} --stop-grace-period 1s {IMAGE} sleep 1d"
    said = until_said(on(manager, f"service create -d {made}"), seconds=40)
    return ByHand(
        f"{said} && {until_running(manager, v.shop, v.count)}",
        typed=on(manager, f"service create {made}"),
    )


def starts(v: Values) -> str:
    return ByHand(
        f"docker start {v.first} && {_is(v, v.second, v.first, 'Ready Reachable')}",
        typed=f"docker start {v.first}\n{on(v.second, 'node ls')}",
    )


step.solution(
    "as shown",
    lambda v: [promotes(v, v.second, v.third), breaks(v), makes(v, v.second), starts(v)],
)
step.solution(
    "one by one, switched off in good order, and said to the third",
    lambda v: [
        f"{promotes(v, v.third)} && {promotes(v, v.second)}",
        f"{breaks(v, 'docker stop -t 2')} && {makes(v, v.third)}",
        starts(v),
    ],
)
step.near_miss(
    "only one more",
    lambda v: [promotes(v, v.second)],
    rejected_by="promote",
    reason="too-few",
    explain="A majority of two is both, so that two managers bear no loss. Let all three be "
    "managers.",
)
step.near_miss(
    "only the third",
    lambda v: [promotes(v, v.third)],
    rejected_by="promote",
    reason="worker",
)
step.near_miss(
    "the service first, then the loss",
    lambda v: [promotes(v, v.second, v.third), makes(v, v.first), breaks(v)],
    rejected_by="lose",
    reason="made-before",
)
step.near_miss(
    "the service when all was well again",
    lambda v: [promotes(v, v.second, v.third), breaks(v), starts(v), makes(v, v.second)],
    rejected_by="lose",
    reason="made-after",
)
step.near_miss(
    "another machine was off",
    lambda v: [
        promotes(v, v.second, v.third),
        breaks(v, machine=v.third),
        makes(v, v.second),
    ],
    rejected_by="lose",
    reason="not-off",
)
step.near_miss(
    "still off",
    lambda v: [promotes(v, v.second, v.third), breaks(v), makes(v, v.second)],
    rejected_by="back",
    reason="silent",
)
step.near_miss(
    "it was drained for the repair",
    lambda v: [
        promotes(v, v.second, v.third),
        breaks(v),
        makes(v, v.second),
        on(v.second, f"node update --availability drain {v.first}"),
        starts(v),
    ],
    rejected_by="back",
    reason="not-active",
)
