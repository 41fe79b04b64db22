"""A group is a folder, and a process is in it by its number."""

from __future__ import annotations

from lab_engine.authoring import See, require_group, require_in_group, require_process
from labs.cgroups.values import NAMES, Values, lab, made, started, within

step = lab.step("group", resources=lambda _: [NAMES])


@step.check("join", points=2)
async def join(see: See, v: Values) -> None:
    await require_group(see, f"/{v.first}")
    process, _ = await require_process(see, ["sleep", str(v.seconds)])
    await require_in_group(see, process.pid, f"/{v.first}", "pids")


step.solution(
    "started, then moved",
    lambda v: [
        made("PIDS", v.first),
        started(f"sleep {v.seconds}", v.seconds),
        f"echo $(pgrep -xf 'sleep {v.seconds}') | sudo tee $PIDS/{v.first}/cgroup.procs",
    ],
    explained={2: ["other-group"]},
)
step.solution(
    "born in it",
    lambda v: [
        made("PIDS", v.first),
        started(within("PIDS", v.first, f"exec sleep {v.seconds}"), v.seconds),
    ],
)
step.near_miss(
    "the group alone",
    lambda v: [made("PIDS", v.first), started(f"sleep {v.seconds}", v.seconds)],
    rejected_by="join",
    reason="other-group",
    explain="A group holds whoever is named in its cgroup.procs. Your sleep is still where your "
    "shell is.",
)
step.near_miss(
    "another name",
    lambda v: [
        made("PIDS", f"{v.first}s"),
        started(within("PIDS", f"{v.first}s", f"exec sleep {v.seconds}"), v.seconds),
    ],
    rejected_by="join",
    reason="no-group",
)
step.near_miss(
    "a folder somewhere else",
    lambda v: [
        f"mkdir {v.first}",
        started(f"sleep {v.seconds}", v.seconds),
        f"pgrep -xf 'sleep {v.seconds}' > {v.first}/cgroup.procs",
    ],
    rejected_by="join",
    reason="no-group",
)
step.near_miss(
    "the sleep of another length",
    lambda v: [
        made("PIDS", v.first),
        started(within("PIDS", v.first, f"exec sleep {v.seconds + 1}"), v.seconds + 1),
    ],
    rejected_by="join",
    reason="not-running",
)
