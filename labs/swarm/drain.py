"""A machine is emptied for repair, and its tasks start again on the others."""

from __future__ import annotations

from lab_engine.authoring import ByHand, See, require, require_spread
from labs.swarm.asked import member, on
from labs.swarm.made import create, runs_without, street
from labs.swarm.values import IMAGE, Values, lab

step = lab.step("drain", daemons=("docker",), resources=lambda v: v.rack(joined=True))


@step.check("drain", points=3, settle=10.0)
async def drain(see: See, v: Values) -> None:
    found = await member(see, v, v.second)
    look = on(v.first, "node ls")
    require(
        found.availability != "pause",
        "paused",
        expected=f"{v.second} is drained.",
        observed="It is paused.",
        look=look,
    )
    require(
        found.availability == "drain",
        "not-drained",
        expected=f"{v.second} is drained.",
        observed=f"It is {found.availability}.",
        look=look,
    )
    service = await require_spread(
        see,
        v.first,
        v.shop,
        v.count,
        image=IMAGE,
        among=(v.first, v.third),
        network=v.street,
    )
    require(
        any(task.node == v.second for task in service.tasks),
        "was-empty",
        expected=f"A task of {v.shop} had to leave {v.second}.",
        observed=f"None was ever there: {v.second} was drained before.",
        look=on(v.first, f"service ps {v.shop}"),
    )


def available(v: Values, how: str) -> str:
    return on(v.first, f"node update --availability {how} {v.second}")


def drained(v: Values) -> str:
    return ByHand(
        f"{available(v, 'drain')} && {runs_without(v, v.second)}",
        typed=f"{available(v, 'drain')}\n{on(v.first, f'service ps {v.shop}')}",
    )


step.solution("as shown", lambda v: [street(v), create(v), drained(v)])
step.solution(
    "at first one task for each machine",
    lambda v: [
        street(v),
        create(v, options="--replicas-max-per-node 1 ", count=3),
        ByHand(
            on(
                v.first,
                f"service update -q -d --replicas-max-per-node 0 --replicas {v.count} {v.shop}",
            ),
            typed=on(
                v.first,
                f"service update --replicas-max-per-node 0 --replicas {v.count} {v.shop}",
            ),
        ),
        drained(v),
    ],
)
step.near_miss(
    "paused",
    lambda v: [street(v), create(v), available(v, "pause")],
    rejected_by="drain",
    reason="paused",
    explain="A machine that is paused gets no new tasks, and keeps those that it has. `drain` "
    "takes them away, too.",
)
step.near_miss(
    "drained before there was a service",
    lambda v: [available(v, "drain"), street(v), create(v)],
    rejected_by="drain",
    reason="was-empty",
)
step.near_miss(
    "drained, and in use again",
    lambda v: [street(v), create(v), drained(v), available(v, "active")],
    rejected_by="drain",
    reason="not-drained",
)
step.near_miss(
    "kept away by a wish of the service",
    lambda v: [street(v), create(v, options=f"--constraint node.hostname!={v.second} ")],
    rejected_by="drain",
    reason="not-drained",
)
step.near_miss(
    "the wrong machine",
    lambda v: [street(v), create(v), on(v.first, f"node update --availability drain {v.third}")],
    rejected_by="drain",
    reason="not-drained",
)
step.near_miss(
    "it left for good",
    lambda v: [
        street(v),
        create(v),
        f"{on(v.second, 'swarm leave')} && {on(v.first, f'node rm --force {v.second}')}",
    ],
    rejected_by="drain",
    reason="gone",
    explain="The machine has left the swarm. A drained one stays a member, and can be used again "
    "at any time.",
)
