"""How many: a limit for processes, and one that it lets nobody start."""

from __future__ import annotations

from lab_engine.authoring import See, require_held_back
from labs.cgroups.made import require_made
from labs.cgroups.values import NAMES, Values, lab, made, within

step = lab.step("count", resources=lambda _: [NAMES])


@step.check("limit")
async def limit(see: See, v: Values) -> None:
    await require_made(see, "PIDS", v.counted, pids=v.most)


@step.check("refused", points=2, needs=("limit",))
async def refused(see: See, v: Values) -> None:
    await require_held_back(see, f"/{v.counted}", "pids")


def crowd(v: Values, many: int) -> str:
    sleeps = f"for i in $(seq {many}); do sleep 0.2 & done; wait"
    return within("PIDS", v.counted, sleeps.replace("$(", "\\$(")) + " || echo refused"


FREE = (
    "The limit is there, and nobody in this group was refused by it: too few processes were "
    "there at the same time (without `&` one waits for the other), or they were started outside "
    "(without the backslashes, `$$` is the number of your own shell). A group that was made "
    "anew counts from 0."
)

step.solution(
    "a shell that starts too many",
    lambda v: [
        made("PIDS", v.counted),
        f"echo {v.most} | sudo tee $PIDS/{v.counted}/pids.max",
        crowd(v, v.most + 3),
    ],
    explained={2: ["not-grown"]},
)
step.solution(
    "a pipe that is too long",
    lambda v: [
        made("PIDS", v.counted),
        f'sudo sh -c "echo {v.most} > $PIDS/{v.counted}/pids.max"',
        within("PIDS", v.counted, " | ".join(["sleep 0.2"] * (v.most + 2))) + " || echo refused",
    ],
    explained={2: ["not-grown"]},
)
step.near_miss(
    "without the names",
    lambda v: [f"sudo mkdir $PIDS/{v.counted}; echo {v.most} | sudo tee /{v.counted}/pids.max"],
    rejected_by="limit",
    reason="at-the-top",
)
step.near_miss(
    "a letter more",
    lambda v: [
        made("PIDS", v.counted + "s"),
        f"echo {v.most} | sudo tee $PIDS/{v.counted}s/pids.max",
    ],
    rejected_by="limit",
    reason="other-name",
)
step.near_miss(
    "one too many allowed",
    lambda v: [
        made("PIDS", v.counted),
        f"echo {v.most + 1} | sudo tee $PIDS/{v.counted}/pids.max",
        crowd(v, v.most + 4),
    ],
    rejected_by="limit",
    reason="other-pids",
)
step.near_miss(
    "a limit of the shell's",
    lambda v: [made("PIDS", v.counted), "ulimit -u 500", crowd(v, 3)],
    rejected_by="limit",
    reason="no-limit",
)
step.near_miss(
    "the number of the outer shell",
    lambda v: [
        made("PIDS", v.counted),
        f"echo {v.most} | sudo tee $PIDS/{v.counted}/pids.max",
        # In a shell of its own: it is moved into the group, which ends with the case.
        f"bash -c '. ~/work/groups.sh; {crowd(v, v.most + 3)}'".replace("\\$\\$", "$$"),
    ],
    rejected_by="refused",
    reason="not-grown",
    explain=FREE,
)
step.near_miss(
    "one after the other",
    lambda v: [
        made("PIDS", v.counted),
        f"echo {v.most} | sudo tee $PIDS/{v.counted}/pids.max",
        within("PIDS", v.counted, "; ".join(["sleep 0.02"] * (v.most + 2))),
    ],
    rejected_by="refused",
    reason="not-grown",
    explain=FREE,
)
step.near_miss(
    "few enough",
    lambda v: [
        made("PIDS", v.counted),
        f"echo {v.most} | sudo tee $PIDS/{v.counted}/pids.max",
        crowd(v, v.most - 2),
    ],
    rejected_by="refused",
    reason="not-grown",
    explain=FREE,
)
step.near_miss(
    "many, outside of the group",
    lambda v: [
        made("PIDS", v.counted),
        f"echo {v.most} | sudo tee $PIDS/{v.counted}/pids.max",
        f"for i in $(seq {v.most + 4}); do sleep 0.2 & done; wait",
    ],
    rejected_by="refused",
    reason="not-grown",
    explain=FREE,
)
