"""A new version takes the place of the old one, task by task."""

from __future__ import annotations

from lab_engine.authoring import See, require, require_spread
from labs.swarm.asked import on, require_answer
from labs.swarm.made import create, renew, street
from labs.swarm.values import IMAGE, Values, lab

step = lab.step("update", daemons=("docker",), resources=lambda v: v.rack(joined=True))


@step.check("update", points=3, settle=15.0)
async def update(see: See, v: Values) -> None:
    found = await require_spread(
        see, v.first, v.shop, v.count, image=IMAGE, among=v.machines, network=v.street
    )
    look = on(v.first, f"service inspect --pretty {v.shop}")
    new = any(v.next_sign in word for word in found.command)
    require(
        found.update or not new,
        "made-anew",
        expected=f"The service {v.shop} was updated.",
        observed="It was made with the new sign, and never updated.",
        look=look,
    )
    require(
        found.update in ("completed", "updating"),
        "not-updated",
        expected=f"The service {v.shop} was updated.",
        observed=f"Its update is {found.update}." if found.update else "It never was.",
        look=look,
    )
    require(
        found.update == "completed",
        "updating",
        expected="The update is complete.",
        observed="It is still going on.",
        look=look,
    )
    require(
        new,
        "other-command",
        expected=f"The service {v.shop} wants a command that writes {v.next_sign!r}.",
        observed=f"It wants: {' '.join(found.command)[:80]}",
        look=look,
    )
    require(
        any(v.sign in word for task in found.tasks for word in task.command),
        "never-old",
        expected=f"Its first tasks said {v.sign!r}.",
        observed="No task of it ever did.",
        look=on(v.first, f"service ps {v.shop}"),
    )
    await require_answer(see, v, found, v.next_sign)


def at_once(v: Values) -> str:
    return create(v, options="--update-monitor 1s --update-parallelism 0 ")


step.solution("as shown", lambda v: [street(v), at_once(v), renew(v)])
step.solution(
    "one by one, the new one first, and with quotes around the signs",
    lambda v: [
        street(v),
        create(v, sign=f'"{v.sign}"'),
        renew(v, f'\\"{v.next_sign}\\"', "--update-monitor 1s --update-order start-first "),
    ],
)
step.near_miss(
    "taken away and made anew",
    lambda v: [
        street(v),
        at_once(v),
        on(v.first, f"service rm {v.shop}"),
        create(v, sign=v.next_sign),
    ],
    rejected_by="update",
    reason="made-anew",
    explain="The old service was removed, and for a while nobody answered. `docker service update` "
    "exchanges the tasks of the service that is there.",
)
step.near_miss(
    "the new sign from the beginning",
    lambda v: [
        street(v),
        create(v, sign=v.next_sign, options="--update-monitor 1s --update-parallelism 0 "),
        on(v.first, f"service update --force {v.shop}"),
    ],
    rejected_by="update",
    reason="never-old",
)
step.near_miss(
    "by hand in each container",
    lambda v: [
        street(v),
        at_once(v),
        *(
            f"for c in $({on(machine, 'ps -q')}); do "
            f"{on(machine, 'exec $c')} sh -c 'echo {v.next_sign} > /tmp/index.html'; done"
            for machine in v.machines
        ),
    ],
    rejected_by="update",
    reason="not-updated",
)
step.near_miss(
    "another sign",
    lambda v: [street(v), at_once(v), renew(v, "closed")],
    rejected_by="update",
    reason="other-command",
)
step.near_miss(
    "only the number was updated",
    lambda v: [
        street(v),
        create(v, count=v.count - 1),
        on(v.first, f"service scale {v.shop}={v.count}"),
    ],
    rejected_by="update",
    reason="not-updated",
)
