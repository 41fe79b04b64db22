"""Grouping and scheduling: four containers on two machines, and no machine promises too much."""

from __future__ import annotations

from lab_engine.authoring import CgroupProbe, See, require
from labs.five_questions.asked import inside, on
from labs.five_questions.values import IMAGE, Values, lab

MIB = 1 << 20
ADDS_UP = (
    "An engine starts what you tell it. It does not add up what it has promised: who places them "
    "has to."
)

step = lab.step("room", daemons=("docker",), resources=lambda v: v.rack())


def wanted(v: Values) -> dict[str, int]:
    """MiB by name."""
    return {v.store: v.large} | {f"{v.shop}-{n}": v.small for n in (1, 2, 3)}


@step.check("room", points=3)
async def room(see: See, v: Values) -> None:
    machines = (v.first, v.second)
    look = "; ".join(on(machine, "ps -a") for machine in machines)
    where: dict[str, str] = {}
    for machine in machines:
        promised: dict[str, float] = {}
        for one in (await inside(see, machine)).containers:
            if one.state != "running":
                continue
            require(
                one.image.partition(":")[0] == IMAGE or one.name not in wanted(v),
                "other-image",
                expected=f"{one.name} is made of {IMAGE}.",
                observed=f"It was made of another image, {one.image}.",
                look=on(machine, "ps"),
            )
            limit = (await see(CgroupProbe(one.pid))).memory
            about = on(machine, f"inspect -f '{{{{.HostConfig.Memory}}}}' {one.name}")
            require(
                limit is not None,
                "no-limit",
                expected="Each container has a limit: what it is promised.",
                observed=f"{one.name} has none and may take the whole machine.",
                look=about,
            )
            assert limit is not None
            promised[one.name] = limit / MIB
            require(
                one.name not in where,
                "twice",
                expected=f"There is one {one.name}.",
                observed="Both machines have one.",
                look=look,
            )
            where[one.name] = machine
            if one.name in wanted(v):
                require(
                    limit == wanted(v)[one.name] * MIB,
                    "other-limit",
                    expected=f"{one.name} may use {wanted(v)[one.name]} MiB.",
                    observed=f"It may use {limit / MIB:.6g} MiB.",
                    look=about,
                )
        told = ", ".join(f"{name} {mib:.6g}" for name, mib in sorted(promised.items()))
        require(
            sum(promised.values()) <= v.room,
            "too-full",
            expected=f"{machine} promises at most {v.room} MiB.",
            observed=f"Its containers may use more together: {told}.",
            look=on(machine, "stats --no-stream"),
        )
    missing = [name for name in wanted(v) if name not in where]
    require(
        not missing,
        "missing",
        expected=f"{', '.join(wanted(v))} run.",
        observed=f"{', '.join(missing)} does not."
        if len(missing) == 1
        else f"{', '.join(missing)} do not.",
        look=look,
    )


def run(v: Values, machine: str, name: str, *, limit: str = "", command: str = "sleep 1d") -> str:
    bound = limit or f"-m {wanted(v)[name]}m"
    return on(machine, f"run -d --name {name} {bound} {IMAGE} {command}")


def shops(v: Values, *numbers: int) -> list[str]:
    return [f"{v.shop}-{n}" for n in numbers]


step.solution(
    "as shown",
    lambda v: [
        *(run(v, v.first, name) for name in (v.store, *shops(v, 1))),
        *(run(v, v.second, name) for name in shops(v, 2, 3)),
    ],
)
step.solution(
    "the other way round, and a limit that comes later",
    lambda v: [
        run(v, v.second, v.store, limit="-m 64m --memory-swap 64m"),
        run(v, v.second, f"{v.shop}-3"),
        on(v.second, f"update -m {v.large}m --memory-swap {v.large}m {v.store}"),
        *(run(v, v.first, name) for name in shops(v, 1, 2)),
    ],
)
step.near_miss(
    "all three shops on one machine",
    lambda v: [
        run(v, v.first, v.store),
        *(run(v, v.second, name) for name in shops(v, 1, 2, 3)),
    ],
    rejected_by="room",
    reason="too-full",
    explain=ADDS_UP,
)
step.near_miss(
    "two shops beside the store",
    lambda v: [
        *(run(v, v.first, name) for name in (v.store, *shops(v, 1, 2))),
        run(v, v.second, f"{v.shop}-3"),
    ],
    rejected_by="room",
    reason="too-full",
    explain=ADDS_UP,
)
step.near_miss(
    "no limits",
    lambda v: [
        *(run(v, v.first, name, limit="--label a=b") for name in (v.store, *shops(v, 1))),
        *(run(v, v.second, name, limit="--label a=b") for name in shops(v, 2, 3)),
    ],
    rejected_by="room",
    reason="no-limit",
)
step.near_miss(
    "smaller, so that they fit",
    lambda v: [
        run(v, v.first, v.store),
        *(run(v, v.second, name, limit="-m 64m") for name in shops(v, 1, 2, 3)),
    ],
    rejected_by="room",
    reason="other-limit",
)
step.near_miss(
    "one too few",
    lambda v: [
        run(v, v.first, v.store),
        *(run(v, v.second, name) for name in shops(v, 2, 3)),
    ],
    rejected_by="room",
    reason="missing",
)
step.near_miss(
    "one that ends at once",
    lambda v: [
        *(run(v, v.first, name) for name in (v.store, *shops(v, 1))),
        run(v, v.second, f"{v.shop}-2"),
        run(v, v.second, f"{v.shop}-3", command="true"),
    ],
    rejected_by="room",
    reason="missing",
)
