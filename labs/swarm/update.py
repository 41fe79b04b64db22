"""A new version takes the place of the old one, task by task."""

from __future__ import annotations

from lab_engine.authoring import ByHand, See, SwarmServiceProbe, require, require_spread
from labs.swarm.asked import on
from labs.swarm.ended import until
from labs.swarm.made import create, renew, street
from labs.swarm.served import require_served
from labs.swarm.values import IMAGE, Values, lab

ANEW = (
    "This service had the new sign when it was made. If there was an old one, it was removed, and "
    "for a while nobody answered. `docker service update` exchanges the tasks of the service that "
    "is there."
)

step = lab.step("update", daemons=("docker",), resources=lambda v: v.rack(joined=True))


@step.check("update", points=3, settle=15.0)
async def update(see: See, v: Values) -> None:
    look = on(v.first, f"service inspect --pretty {v.shop}")
    # Before its tasks are counted: while it is paused some of them are none.
    state = (await see(SwarmServiceProbe(v.first, v.shop))).update
    require(
        state != "paused",
        "paused",
        expected="The update is complete.",
        observed="It is paused, half done.",
        look=look,
    )
    found = await require_spread(
        see, v.first, v.shop, v.count, image=IMAGE, among=v.machines, network=v.street
    )
    new = any(v.next_sign in word for word in found.command)
    require(
        found.undoable or found.update or not new,
        "made-anew",
        expected=f"The service {v.shop} was updated.",
        observed="It was made with the new sign, and never updated.",
        look=look,
    )
    require(
        found.update in ("", "completed", "updating"),
        "not-updated",
        expected=f"The service {v.shop} was updated.",
        observed=f"Its update is {found.update}.",
        look=look,
    )
    require(
        found.update != "updating",
        "updating",
        expected="The update is complete.",
        observed="It is still going on.",
        look=look,
    )
    # A change of the number alone wipes out how the update before it ended.
    require(
        new or found.update,
        "not-updated",
        expected=f"The service {v.shop} was updated.",
        observed="It never was." if not found.undoable else "Its latest change was another one.",
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
        any(v.sign in word for task in found.tasks if task.container for word in task.command),
        "never-old",
        expected=f"Its first tasks said {v.sign!r}.",
        observed="None did of those that the swarm remembers, the last five of each place.",
        look=on(v.first, f"service ps {v.shop}"),
    )
    await require_served(see, v, found, v.next_sign)


def at_once(v: Values) -> str:
    return create(v, options="--update-monitor 1s --update-parallelism 0 ")


def scaled(v: Values, count: int) -> str:
    return on(v.first, f"service scale -d {v.shop}={count}")


step.solution("as shown", lambda v: [street(v), at_once(v), renew(v)])
step.solution(
    "one by one, the new one first, and with quotes around the signs",
    lambda v: [
        street(v),
        create(v, sign=f'"{v.sign}"'),
        renew(v, f'\\"{v.next_sign}\\"', "--update-monitor 1s --update-order start-first "),
    ],
)
step.solution(
    "another number for a while",
    lambda v: [
        street(v),
        at_once(v),
        renew(v),
        ByHand(
            f"{scaled(v, v.count + 1)} && {scaled(v, v.count)}",
            typed=on(v.first, f"service scale {v.shop}={v.count}"),
        ),
    ],
    survives={3: "the number comes back"},
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
    explain=ANEW,
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
step.near_miss(
    "the new version ends at once",
    lambda v: [
        street(v),
        at_once(v),
        f"{renew(v, options='-d ').replace('exec httpd -f', 'httpd')} && {until(v, 'paused')}",
    ],
    rejected_by="update",
    reason="paused",
    explain="A new task ended, so the swarm goes no further and waits for somebody. "
    "`docker service ps` shows which. Mend the command and update again. A server without `-f` "
    "goes to the background, and its container is over.",
)
step.near_miss(
    "the old version found no room",
    lambda v: [
        street(v),
        create(v, options="-d --reserve-memory 900G "),
        renew(v, options="--reserve-memory 0 --update-parallelism 0 "),
    ],
    rejected_by="update",
    reason="never-old",
)
step.near_miss(
    "one place keeps the old sign",
    lambda v: [
        street(v),
        at_once(v),
        renew(v, options="--env-add TASK={{.Task.Slot}} ").replace(
            f"echo {v.next_sign} >",
            f"if [ $TASK = 1 ]; then echo {v.sign}; else echo {v.next_sign}; fi >",
        ),
    ],
    rejected_by="update",
    reason="other-page",
)
step.near_miss(
    "taken back again",
    lambda v: [street(v), at_once(v), renew(v), on(v.first, f"service rollback -q {v.shop}")],
    rejected_by="update",
    reason="not-updated",
)
