"""A service says where its tasks may be, and another wants one on every machine."""

from __future__ import annotations

from lab_engine.authoring import See, SwarmServiceProbe, require, require_spread
from labs.swarm.asked import member, on
from labs.swarm.values import IMAGE, Values, lab

step = lab.step("placing", daemons=("docker",), resources=lambda v: v.rack(joined=True))

WISH = "node.labels.disk==ssd"


@step.check("store", points=2, settle=8.0)
async def store(see: See, v: Values) -> None:
    for name in v.machines:
        found = await member(see, v, name)
        wanted = name == v.third
        require(
            (found.labels.get("disk") == "ssd") is wanted,
            "other-label",
            expected=f"Only {v.third} has the label disk=ssd.",
            observed=f"The labels of {name}: {_said(found.labels)}.",
            look=on(v.first, f"node inspect --pretty {name}"),
        )
    service = await see(SwarmServiceProbe(v.first, v.store))
    wishes = [wish.replace(" ", "") for wish in service.constraints]
    require(
        not service.exists or WISH in wishes,
        "other-wish",
        expected=f"The service {v.store} may be only where the label disk is ssd.",
        observed=f"Its constraints: {', '.join(service.constraints) or 'none'}.",
        look=on(v.first, f"service inspect --pretty {v.store}"),
    )
    await require_spread(see, v.first, v.store, 1, image=IMAGE, among=[v.third])


@step.check("watch", points=2, settle=8.0)
async def watch(see: See, v: Values) -> None:
    found = await see(SwarmServiceProbe(v.first, v.watch))
    look = on(v.first, f"service ps {v.watch}")
    require(
        found.exists,
        "no-service",
        expected=f"The swarm has a service called {v.watch}.",
        observed=f"{v.first} knows of none.",
        look=on(v.first, "service ls"),
    )
    require(
        found.mode == "global",
        "counted",
        expected=f"{v.watch} is on every machine, however many there are.",
        observed=f"It wants {found.replicas} tasks.",
        look=on(v.first, "service ls"),
    )
    missing = sorted({*v.machines} - {task.node for task in found.running})
    require(
        not missing,
        "missing",
        expected="A task of it runs on each of the three machines.",
        observed=f"None runs on {', '.join(missing)}.",
        look=look,
    )


def _said(labels: dict[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in sorted(labels.items())) or "none"


def label(v: Values, machine: str, text: str = "disk=ssd") -> str:
    return on(v.first, f"node update --label-add {text} {machine}")


def runs(v: Values, name: str, options: str) -> str:
    return on(
        v.first,
        f"service create -d --name {name} {options} --stop-grace-period 1s {IMAGE} sleep 1d",
    )


def on_ssd(v: Values, wish: str = WISH) -> str:
    return runs(v, v.store, f"--constraint {wish}")


def everywhere(v: Values) -> str:
    return runs(v, v.watch, "--mode global")


step.solution("as shown", lambda v: [label(v, v.third), on_ssd(v), everywhere(v)])
step.solution(
    "the service first, which waits",
    lambda v: [
        on_ssd(v),
        label(v, v.third),
        everywhere(v),
    ],
)
step.near_miss(
    "by the name of the machine",
    lambda v: [label(v, v.third), on_ssd(v, f"node.hostname=={v.third}")],
    rejected_by="store",
    reason="other-wish",
    explain="That is a wish for one machine. When it is gone, the task has no place. A label says "
    "what the task needs, and any machine that has it will do.",
)
step.near_miss(
    "the label on another machine",
    lambda v: [label(v, v.second), on_ssd(v)],
    rejected_by="store",
    reason="other-label",
)
step.near_miss(
    "a machine with another disk",
    lambda v: [label(v, v.third, "disk=hdd"), on_ssd(v)],
    rejected_by="store",
    reason="other-label",
)
step.near_miss(
    "three of it",
    lambda v: [runs(v, v.watch, "--replicas 3 --replicas-max-per-node 1")],
    rejected_by="watch",
    reason="counted",
    explain="Three are right today. A fourth machine would get none. `--mode global` is one for "
    "each machine, without a number.",
)
step.near_miss(
    "on every machine but one",
    lambda v: [runs(v, v.watch, f"--mode global --constraint node.hostname!={v.third}")],
    rejected_by="watch",
    reason="missing",
)
