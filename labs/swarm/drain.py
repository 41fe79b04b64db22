"""A machine is emptied for repair, and its tasks start again on the others."""

from __future__ import annotations

from lab_engine.authoring import ByHand, See, require, require_spread
from labs.swarm.asked import member, on
from labs.swarm.made import create, runs_without, street
from labs.swarm.values import IMAGE, Values, lab

BROKEN = ("failed", "rejected", "orphaned")

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
        least=2,
        network=v.street,
    )
    look = on(v.first, f"service ps {v.shop}")
    require(
        not service.constraints,
        "constrained",
        expected=f"{v.shop} may be on {v.second}, which is drained.",
        observed=f"The service has constraints: {', '.join(service.constraints)}.",
        look=on(v.first, f"service inspect --pretty {v.shop}"),
    )
    left = [task.state for task in service.tasks if task.node == v.second]
    require(
        left,
        "was-empty",
        expected=f"A task of {v.shop} had to leave {v.second}.",
        observed="None was there, as far as the swarm remembers.",
        look=look,
    )
    require(
        any(state not in BROKEN for state in left),
        "broken",
        expected=f"A task of {v.shop} ran on {v.second} until the swarm ended it.",
        observed=f"They ended otherwise: {', '.join(sorted(set(left)))}.",
        look=look,
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
    "the service was made anew afterwards",
    lambda v: [
        street(v),
        create(v),
        drained(v),
        on(v.first, f"service rm {v.shop}"),
        create(v),
    ],
    rejected_by="drain",
    reason="was-empty",
)
step.near_miss(
    "sent away by a wish of the service, then drained",
    lambda v: [
        street(v),
        create(v),
        on(v.first, f"service update -q --constraint-add node.hostname!={v.second} {v.shop}"),
        available(v, "drain"),
    ],
    rejected_by="drain",
    reason="constrained",
    explain="The constraint keeps the tasks away, also when the machine is in use again. "
    "`docker service update --constraint-rm` takes it from the service.",
)
step.near_miss(
    "its containers are killed before",
    lambda v: [
        street(v),
        create(v),
        available(v, "pause"),
        ByHand(
            f"for c in $({on(v.second, 'ps -q')}); do {on(v.second, 'kill $c')}; done; "
            f"{runs_without(v, v.second)}",
            typed=on(v.second, f"kill $({on(v.second, 'ps -q')})"),
        ),
        available(v, "drain"),
    ],
    rejected_by="drain",
    reason="broken",
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
    "both workers",
    lambda v: [
        street(v),
        create(v),
        available(v, "drain"),
        on(v.first, f"node update --availability drain {v.third}"),
        ByHand(runs_without(v, v.third), typed=on(v.first, f"service ps {v.shop}")),
    ],
    rejected_by="drain",
    reason="not-spread",
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
