"""PID: numbers that begin at 1 again, and a /proc that goes with them."""

from __future__ import annotations

from lab_engine.authoring import DirectoryProbe, MountsProbe, See, require
from labs.namespaces.values import Values, apart, lab, sleeper, started

step = lab.step("pid")


@step.check("first", points=2)
async def first(see: See, v: Values) -> None:
    process, seen = await sleeper(see, v.pid_seconds, "pid")
    apart(process, seen, "pid")
    require(
        process.inner_pid == 1,
        "not-first",
        expected="The sleep itself has PID 1 in its namespace.",
        observed=f"There it has PID {process.inner_pid}.",
        look=f"grep NSpid /proc/{process.pid}/status",
    )


@step.check("own-proc", needs=("first",))
async def own_proc(see: See, v: Values) -> None:
    process, seen = await sleeper(see, v.pid_seconds, "pid")
    listing, mounts = await see(
        DirectoryProbe("/proc", pid=process.pid), MountsProbe(pid=process.pid)
    )
    numbers = sorted(int(name) for name in listing.entries if name.isdecimal())
    there = f"sudo nsenter -t {process.pid} --mount"
    elsewhere = [
        mount.target
        for mount in mounts.mounts
        if mount.fstype == "proc"
        and mount.root == "/"
        and not mount.target.startswith(("/proc", "/run/infralab"))
    ]
    require(
        numbers == [1] or not elsewhere or process.namespaces["mnt"] == seen.bench["mnt"],
        "proc-elsewhere",
        expected="The new proc lies on /proc, where ps looks.",
        observed=f"It is mounted on {', '.join(elsewhere)}.",
        look=f"{there} findmnt -t proc",
    )
    require(
        1 in numbers and len(numbers) == 1,
        "old-proc",
        expected="In /proc, the sleep sees one process: itself, as number 1.",
        observed=f"It sees {len(numbers)} processes: those of the bench.",
        look=f"{there} ls /proc",
    )


step.solution(
    "unshare mounts proc",
    lambda v: [
        started(
            f"sudo unshare --pid --fork --mount-proc sleep {v.pid_seconds}",
            v.pid_seconds,
        )
    ],
)
step.solution(
    "proc mounted by hand",
    lambda v: [
        started(
            "sudo unshare --pid --fork --mount sh -c "
            f"'mount -t proc proc /proc; exec sleep {v.pid_seconds}'",
            v.pid_seconds,
        )
    ],
)
step.solution(
    "as an ordinary user",
    lambda v: [
        started(
            f"unshare --user --map-root-user --pid --fork --mount-proc sleep {v.pid_seconds}",
            v.pid_seconds,
        )
    ],
)
step.near_miss(
    "without a fork",
    lambda v: [started(f"sudo unshare --pid sleep {v.pid_seconds}", v.pid_seconds)],
    rejected_by="first",
    reason="not-apart",
    explain="A process keeps its number for life. unshare --pid is for its children: add --fork.",
)
step.near_miss(
    "behind a shell",
    lambda v: [
        started(
            f"sudo unshare --pid --fork --mount-proc sh -c 'sleep {v.pid_seconds}; echo done'",
            v.pid_seconds,
        )
    ],
    rejected_by="first",
    reason="not-first",
    explain="The shell is PID 1, the sleep its child. `exec` makes the shell become the sleep.",
)
step.near_miss(
    "with the old proc",
    lambda v: [started(f"sudo unshare --pid --fork sleep {v.pid_seconds}", v.pid_seconds)],
    rejected_by="own-proc",
    reason="old-proc",
    explain="The numbers are new, but /proc still shows the bench's. It must be mounted anew.",
)
step.near_miss(
    "a new proc in another place",
    lambda v: [
        started(
            "sudo unshare --pid --fork --mount sh -c "
            f"'mount -t proc proc /media; exec sleep {v.pid_seconds}'",
            v.pid_seconds,
        )
    ],
    rejected_by="own-proc",
    reason="proc-elsewhere",
    explain="It is the right proc, but ps and top read /proc. Mount it there.",
)
