"""A group is a folder, and a process is in it by its number."""

from __future__ import annotations

from lab_engine.authoring import (
    CgroupProbe,
    CgroupReading,
    CgroupsProbe,
    InhabitantsProbe,
    See,
    require,
    require_in_group,
    require_process,
)
from labs.cgroups.made import require_made
from labs.cgroups.values import NAMES, Values, lab, made, started, within

step = lab.step("group", resources=lambda _: [NAMES])


AT_MOST = 20
"""How many processes of the name are looked at, the newest ones: a loop may start thousands."""


def home(group: CgroupReading) -> str:
    """The folder of a group in the tree that counts here; empty where there is none."""
    return group.paths.get("unified" if group.version == 2 else "pids", "")


@step.check("join", points=2)
async def join(see: See, v: Values) -> None:
    group, every, sleeps = await see(
        CgroupProbe(path=f"/{v.first}"),
        CgroupsProbe(),
        InhabitantsProbe(("sleep", str(v.seconds))),
    )
    newest = sorted(sleeps.processes, key=lambda one: one.started)[-AT_MOST:]
    where = {one.pid: await see(CgroupProbe(pid=one.pid)) for one in newest}
    # Whoever tried twice has two of them, and the older one may be the one that was moved.
    inside = [one for one in newest if home(group) and home(where[one.pid]) == home(group)]
    for one in newest[-1:] if not inside else ():
        folder = home(where[one.pid])
        require(
            not any(folder.endswith(other.path) for other in every.groups),
            "in-another",
            expected=f"Process {one.pid} is in the group /{v.first}.",
            observed=f"It is in {folder}.",
            look=f"cat /proc/{one.pid}/cgroup",
        )
        others = [
            name
            for name, path in where[one.pid].paths.items()
            if path.endswith(f"/{name}/{v.first}") and name != "pids"
        ]
        # Only with version 1, where each controller has a tree of its own.
        require(
            not others,
            "other-tree",
            expected=f"Process {one.pid} is in the group /{v.first} for the controller pids.",
            observed=f"It is in that of the controller {others[0] if others else ''}: $PIDS leads "
            "to the right tree.",
            look=f"cat /proc/{one.pid}/cgroup",
        )
    await require_made(see, "PIDS", v.first)
    process, _ = await require_process(see, ["sleep", str(v.seconds)])
    if not any(one.exe == process.exe for one in inside):
        await require_in_group(see, process.pid, f"/{v.first}", "pids")


SHELL = (
    "A group holds whoever is named in its cgroup.procs. Your sleep is still where your shell "
    "is: nobody was moved, or somebody else (behind `sudo sleep ... &`, `$!` is the number of "
    "sudo)."
)
BELOW = (
    "It is in a group, and not in the one that the task names. A folder in a folder is a group "
    "of its own, and so is one with a letter more. Write the number into the right "
    "cgroup.procs."
)

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
step.solution(
    "a second try, and the first one still runs where the shell is",
    lambda v: [
        made("PIDS", v.first),
        started(f"sleep {v.seconds}", v.seconds),
        started(within("PIDS", v.first, f"exec sleep {v.seconds}"), v.seconds, 2),
    ],
    survives={1: "the first try is in nobody's way"},
    explained={2: ["other-group"]},
)
step.solution(
    "the first one is moved, and a second one runs where the shell is",
    lambda v: [
        made("PIDS", v.first),
        started(within("PIDS", v.first, f"exec sleep {v.seconds}"), v.seconds),
        started(f"sleep {v.seconds}", v.seconds, 2),
    ],
    survives={2: "the second one is in nobody's way"},
    explained={1: ["other-group"]},
)
step.solution(
    "by the same tree at another place",
    lambda v: [
        ". ~/work/groups.sh && sudo mkdir -p /mnt/again && sudo mount --bind $PIDS /mnt/again",
        f"sudo mkdir /mnt/again/{v.first}",
        started(f"sleep {v.seconds}", v.seconds),
        f"pgrep -xf 'sleep {v.seconds}' | sudo tee /mnt/again/{v.first}/cgroup.procs",
    ],
    explained={3: ["other-group"]},
)
step.near_miss(
    "the group alone",
    lambda v: [made("PIDS", v.first), started(f"sleep {v.seconds}", v.seconds)],
    rejected_by="join",
    reason="other-group",
    explain=SHELL,
)
step.near_miss(
    "somebody else of that name",
    lambda v: [
        made("PIDS", v.first),
        started(f"sleep {v.seconds}", v.seconds),
        f"cd ~/work && echo 'sleep 9999' > {v.seconds}",
        started(f'cd ~/work; bash -c "exec -a sleep perl {v.seconds}"', v.seconds, 2),
        f"pgrep -nxf 'sleep {v.seconds}' | sudo tee $PIDS/{v.first}/cgroup.procs",
    ],
    rejected_by="join",
    reason="other-group",
    explain=SHELL,
)
step.near_miss(
    "the number of sudo",
    lambda v: [
        made("PIDS", v.first),
        started(f"sudo sleep {v.seconds}", v.seconds),
        f"pgrep -xf 'sudo sleep {v.seconds}' | head -n 1 | sudo tee $PIDS/{v.first}/cgroup.procs",
    ],
    rejected_by="join",
    reason="other-group",
    explain=SHELL,
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
    explain=BELOW,
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
    explain=BELOW,
)
step.near_miss(
    "another name",
    lambda v: [
        made("PIDS", f"{v.first}s"),
        started(within("PIDS", f"{v.first}s", f"exec sleep {v.seconds}"), v.seconds),
    ],
    rejected_by="join",
    reason="in-another",
    explain=BELOW,
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
step.near_miss(
    "without the names",
    lambda v: [f"sudo mkdir $PIDS/{v.first}", started(f"sleep {v.seconds}", v.seconds)],
    rejected_by="join",
    reason="at-the-top",
)
step.near_miss(
    "below another group, and a folder at the top from an earlier try",
    lambda v: [
        f"sudo mkdir -p /{v.first} && . ~/work/groups.sh && sudo mkdir -p $PIDS/trial/{v.first}",
        started(within("PIDS", f"trial/{v.first}", f"exec sleep {v.seconds}"), v.seconds),
    ],
    rejected_by="join",
    reason="in-another",
    explain=BELOW,
)
step.near_miss(
    "a group of another name, and nobody in it",
    lambda v: [made("PIDS", v.first.title()), started(f"sleep {v.seconds}", v.seconds)],
    rejected_by="join",
    reason="other-name",
)
