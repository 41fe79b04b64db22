"""A service says where its tasks may be, and another wants one on every machine."""

from __future__ import annotations

from lab_engine.authoring import (
    See,
    SwarmServiceProbe,
    SwarmServiceReading,
    require,
    require_spread,
)
from labs.swarm.asked import member, on
from labs.swarm.values import IMAGE, Values, lab

step = lab.step("placing", daemons=("docker",), resources=lambda v: v.rack(joined=True))

WISH = "node.labels.disk==ssd"
SLEEP = "sleep 1d"
EVERY = (
    "A constraint is asked of tomorrow's machines, too: one that it does not fit gets no task. "
    "`docker service update --constraint-rm` takes it away."
)


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
    named = [wish for wish in wishes if wish.startswith(("node.hostname", "node.id"))]
    require(
        WISH in wishes or not named,
        "one-machine",
        expected=f"The service {v.store} may be only where the label disk is ssd.",
        observed=f"Its constraints: {', '.join(service.constraints)}.",
        look=on(v.first, f"service inspect --pretty {v.store}"),
    )
    require(
        not service.exists or WISH in wishes,
        "other-wish",
        expected=f"The service {v.store} may be only where the label disk is ssd.",
        observed=f"Its constraints: {', '.join(service.constraints) or 'none'}.",
        look=on(v.first, f"service inspect --pretty {v.store}"),
    )
    await require_spread(see, v.first, v.store, 1, image=IMAGE, among=[v.third])
    _require_sleep(v, v.store, service)


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
        found.mode != "replicated",
        "counted",
        expected=f"{v.watch} is on every machine, however many there are.",
        observed=f"It wants {found.replicas} tasks.",
        look=on(v.first, "service ls"),
    )
    require(
        found.mode == "global",
        "a-job",
        expected=f"{v.watch} is of the mode global.",
        observed=f"It is of the mode {found.mode}, which begins no task again that has ended well.",
        look=on(v.first, "service ls"),
    )
    require(
        not found.constraints,
        "constrained",
        expected=f"{v.watch} asks nothing of a machine.",
        observed=f"Its constraints: {', '.join(found.constraints)}.",
        look=on(v.first, f"service inspect --pretty {v.watch}"),
    )
    missing = sorted({*v.machines} - {task.node for task in found.running})
    require(
        not missing,
        "missing",
        expected="A task of it runs on each of the three machines.",
        observed=f"None runs on {', '.join(missing)}.",
        look=look,
    )
    image = found.image.partition("@")[0].removesuffix(":latest")
    require(
        image == IMAGE,
        "other-image",
        expected=f"{v.watch} is made of {IMAGE}.",
        observed=f"It is made of {image}.",
        look=look,
    )
    _require_sleep(v, v.watch, found)


def _require_sleep(v: Values, name: str, found: SwarmServiceReading) -> None:
    command = " ".join(found.command)
    require(
        SLEEP in command,
        "other-command",
        expected=f"{name} does `{SLEEP}`.",
        observed=f"It does `{command}`." if command else "It has no command of its own.",
        look=on(v.first, f"service inspect --pretty {name}"),
    )


def _said(labels: dict[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in sorted(labels.items())) or "none"


def label(v: Values, machine: str, text: str = "disk=ssd") -> str:
    return on(v.first, f"node update --label-add {text} {machine}")


def runs(v: Values, name: str, options: str) -> str:
    return on(
        v.first,
        f"service create -d --name {name} {options} --stop-grace-period 1s {IMAGE} {SLEEP}",
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
    reason="one-machine",
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
    explain="A number may be right today. The next machine would get none. `--mode global` is one "
    "for each machine, without a number.",
)
step.near_miss(
    "on every machine but one",
    lambda v: [runs(v, v.watch, f"--mode global --constraint node.hostname!={v.third}")],
    rejected_by="watch",
    reason="constrained",
    explain=EVERY,
)
step.near_miss(
    "on every machine that has the label, which is each of today's",
    lambda v: [
        *(label(v, machine, "watched=yes") for machine in v.machines),
        runs(v, v.watch, "--mode global --constraint node.labels.watched==yes"),
    ],
    rejected_by="watch",
    reason="constrained",
    explain=EVERY,
)
step.near_miss(
    "on every machine that takes tasks",
    lambda v: [
        on(v.first, f"node update --availability drain {v.second}"),
        everywhere(v),
    ],
    rejected_by="watch",
    reason="missing",
)
step.near_miss(
    "a job on every machine",
    lambda v: [runs(v, v.watch, "--mode global-job")],
    rejected_by="watch",
    reason="a-job",
)
step.near_miss(
    "another program on every machine",
    lambda v: [everywhere(v).replace(SLEEP, "top")],
    rejected_by="watch",
    reason="other-command",
)
step.near_miss(
    "another image on every machine",
    lambda v: [
        *(on(machine, f"tag {IMAGE} watcher") for machine in v.machines),
        everywhere(v).replace(f"{IMAGE} {SLEEP}", f"watcher {SLEEP}"),
    ],
    rejected_by="watch",
    reason="other-image",
)
step.near_miss(
    "the label as a preference",
    lambda v: [
        label(v, v.third),
        runs(v, v.store, "--placement-pref spread=node.labels.disk"),
    ],
    rejected_by="store",
    reason="other-wish",
)
step.near_miss(
    "where another label is not",
    lambda v: [
        label(v, v.third),
        label(v, v.first, "disk=hdd"),
        label(v, v.second, "disk=hdd"),
        on_ssd(v, "node.labels.disk!=hdd"),
    ],
    rejected_by="store",
    reason="other-wish",
)
step.near_miss(
    "another number of hours",
    lambda v: [label(v, v.third), on_ssd(v).replace(SLEEP, "sleep 1h")],
    rejected_by="store",
    reason="other-command",
)
