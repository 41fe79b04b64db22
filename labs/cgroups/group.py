"""A group is a folder, and a process is in it by its number."""

from __future__ import annotations

from lab_engine.authoring import (
    CgroupProbe,
    CgroupsProbe,
    See,
    require,
    require_in_group,
    require_process,
)
from labs.cgroups.made import require_made
from labs.cgroups.values import NAMES, Values, lab, made, started, within

step = lab.step("group", resources=lambda _: [NAMES])


@step.check("join", points=2)
async def join(see: See, v: Values) -> None:
    await require_made(see, "PIDS", v.first)
    process, _ = await require_process(see, ["sleep", str(v.seconds)])
    found, every = await see(CgroupProbe(pid=process.pid), CgroupsProbe())
    wanted = f"Process {process.pid} is in the group /{v.first}."
    look = f"cat /proc/{process.pid}/cgroup"
    folder = found.paths.get("unified" if found.version == 2 else "pids", "")
    inside = [one.path for one in every.groups if folder.endswith(one.path)]
    require(
        not inside or folder.endswith(("/pids/" + v.first, "/cgroup/" + v.first)),
        "in-another",
        expected=wanted,
        observed=f"It is in {folder}.",
        look=look,
    )
    others = [name for name, one in found.paths.items() if one.endswith(f"/{name}/{v.first}")]
    # Only with version 1, where each controller has a tree of its own.
    require(
        not others or "pids" in others,
        "other-tree",
        expected=f"{wanted[:-1]} for the controller pids.",
        observed=f"It is in that of the controller {others[0] if others else ''}: $PIDS leads to "
        "the right tree.",
        look=look,
    )
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
    "in a group below it",
    lambda v: [
        made("PIDS", v.first),
        f"sudo mkdir $PIDS/{v.first}/sub",
        started(within("PIDS", f"{v.first}/sub", f"exec sleep {v.seconds}"), v.seconds),
    ],
    rejected_by="join",
    reason="in-another",
    explain="It is in a group, and in another one: a folder in a folder is a group of its own. "
    "Write the number into the cgroup.procs of the one that the task names.",
)
step.near_miss(
    "in one of that name below another one",
    lambda v: [
        made("PIDS", v.first),
        f"sudo mkdir -p $PIDS/outer/{v.first}",
        started(within("PIDS", f"outer/{v.first}", f"exec sleep {v.seconds}"), v.seconds),
    ],
    rejected_by="join",
    reason="in-another",
    explain="It is in a group, and in another one: a folder in a folder is a group of its own. "
    "Write the number into the cgroup.procs of the one that the task names.",
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
# Last: its folder stays, and as long as it is there a missing group is told as this.
step.near_miss(
    "without the names",
    lambda v: [f"sudo mkdir $PIDS/{v.first}", started(f"sleep {v.seconds}", v.seconds)],
    rejected_by="join",
    reason="at-the-top",
)
