"""One manager and two workers become a swarm."""

from __future__ import annotations

from lab_engine.authoring import ByHand, See, SwarmProbe, require, require_swarm
from labs.swarm.asked import on
from labs.swarm.values import Values, lab

step = lab.step("join", daemons=("docker",), resources=lambda v: v.rack(joined=False))


@step.check("init", settle=5.0)
async def init(see: See, v: Values) -> None:
    found = await see(SwarmProbe(v.first))
    look = f"docker exec {v.first} docker info"
    require(
        found.state == "active",
        "no-swarm",
        expected=f"{v.first} is in a swarm.",
        observed=f"Its engine says: {found.state or 'nothing'}.",
        look=look,
    )
    require(
        found.manager,
        "worker",
        expected=f"{v.first} is a manager.",
        observed="It is a worker of a swarm that another machine manages.",
        look=look,
    )
    require(
        not found.trouble,
        "no-leader",
        expected=f"The swarm of {v.first} has a leader.",
        observed=f"Its engine says: {found.trouble}",
        look=f"docker exec {v.first} docker node ls || true",
    )
    require(
        found.address == v.address,
        "other-address",
        expected=f"{v.first} tells the others the address {v.address}.",
        observed=f"It tells them {found.address}.",
        look=look,
    )


@step.check("join", points=2, needs=("init",), settle=8.0)
async def join(see: See, v: Values) -> None:
    await require_swarm(see, [v.first], workers=[v.second, v.third])


def begin(v: Values, address: str = "") -> str:
    return on(v.first, f"swarm init --advertise-addr {address or v.address}")


def enter(v: Values, machine: str, role: str = "worker") -> str:
    token = on(v.first, f"swarm join-token -q {role}")
    return on(machine, f"swarm join --token $({token}) {v.address}:2377")


def left_by_force(v: Values, machine: str) -> ByHand:
    """A manager leaves, and the other one has noticed that it is no majority."""
    leaves = on(machine, "swarm leave --force")
    notices = f"timeout 90 sh -c 'while {on(v.first, 'node ls')}; do sleep 1; done'"
    return ByHand(f"{leaves} && {notices}", typed=leaves)


ANOTHER = (
    "A machine is in one swarm at a time, and each `swarm init` begins another one. Who is in a "
    "wrong one leaves it with `docker swarm leave --force`, and *joins* the right one."
)
NOT_FIRST = (
    "Who runs `docker swarm init` is the first manager, until it is demoted. This one has joined "
    "another machine's swarm, or another one is the manager now."
)
step.solution("as shown", lambda v: [begin(v), enter(v, v.second), enter(v, v.third)])
step.solution(
    "by the name of the card, and one is a manager at first",
    lambda v: [
        begin(v, "eth0"),
        f"{enter(v, v.second, 'manager')} && {on(v.first, f'node demote {v.second}')}",
        enter(v, v.third),
    ],
)
step.near_miss(
    "an address that only it can reach",
    lambda v: [begin(v, "127.0.0.1")],
    rejected_by="init",
    reason="other-address",
    explain="At that address the other machines would find themselves. "
    "`docker swarm leave --force` takes it back.",
)
step.near_miss(
    "begun on another machine",
    lambda v: [
        f"{on(v.second, 'swarm init')} && "
        f"{on(v.first, 'swarm join --token')} $({on(v.second, 'swarm join-token -q worker')}) "
        f"{v.second_address}:2377"
    ],
    rejected_by="init",
    reason="worker",
    explain=NOT_FIRST,
)
step.near_miss(
    "the second one is the manager now",
    lambda v: [
        begin(v),
        f"{enter(v, v.second, 'manager')} && {on(v.first, f'node demote {v.first}')} && sleep 3",
    ],
    rejected_by="init",
    reason="worker",
    explain=NOT_FIRST,
)
step.near_miss(
    "a second manager, gone by force",
    lambda v: [begin(v), enter(v, v.second, "manager"), left_by_force(v, v.second)],
    rejected_by="init",
    reason="no-leader",
    explain="Managers decide by a majority, and of two that is both. One has left by force, so the "
    "other can decide nothing more. Let all leave by force, and begin again.",
)
step.near_miss(
    "three swarms",
    lambda v: [begin(v), on(v.second, "swarm init"), on(v.third, "swarm init")],
    rejected_by="join",
    reason="another-swarm",
    explain=ANOTHER,
)
step.near_miss(
    "the others in the swarm of the bench",
    lambda v: [
        f"docker swarm init --advertise-addr {v.subnet.replace('.0/24', '.1')}",
        *(
            f"docker exec {machine} docker swarm join --token "
            f"$(docker swarm join-token -q worker) {v.subnet.replace('.0/24', '.1')}:2377"
            for machine in (v.second, v.third)
        ),
        begin(v),
        "docker swarm leave --force",
    ],
    rejected_by="join",
    reason="another-swarm",
    explain=ANOTHER,
)
step.near_miss(
    "the bench joined, too, and has left",
    lambda v: [
        begin(v),
        f"docker swarm join --token $({on(v.first, 'swarm join-token -q worker')}) "
        f"{v.address}:2377 && docker swarm leave",
        enter(v, v.second),
        enter(v, v.third),
    ],
    rejected_by="join",
    reason="others",
    explain="What is typed without `docker exec` is done by the engine of the bench. It leaves by "
    "`docker swarm leave`, and stays in the list until a manager strikes it off: `docker node rm "
    "--force`, with its name.",
)
step.near_miss(
    "one is left out",
    lambda v: [begin(v), enter(v, v.second)],
    rejected_by="join",
    reason="not-joined",
)
step.near_miss(
    "all are managers",
    lambda v: [begin(v), enter(v, v.second, "manager"), enter(v, v.third, "manager")],
    rejected_by="join",
    reason="other-role",
    explain="There are two tokens: who has the one for managers becomes a manager. "
    "`docker node demote` makes a worker of one.",
)
