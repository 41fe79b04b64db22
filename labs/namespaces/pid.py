"""PID: numbers that begin at 1 again, and a /proc that goes with them."""

from __future__ import annotations

from lab_engine.authoring import (
    DirectoryProbe,
    FileProbe,
    InhabitantsProbe,
    MountsProbe,
    See,
    require,
    require_mount,
    require_process,
)
from labs.namespaces.values import SHELLS, Values, disguised, lab, sleep, started

step = lab.step("pid")


def began(stat: str) -> list[str]:
    """When a process began, in ticks; its name may hold blanks (proc_pid_stat(5))."""
    return stat.rpartition(")")[2].split()[19:20]


@step.check("first", points=2)
async def first(see: See, v: Values) -> None:
    argv = sleep(v.pid_seconds)
    process, _ = await require_process(see, argv, apart=["pid"])
    parent = await see(InhabitantsProbe(pid=process.parent))
    shell = [one for one in parent.processes if one.inner_pid == 1 and one.program in SHELLS]
    require(
        process.inner_pid == 1 or not shell,
        "behind-a-shell",
        expected="The sleep itself has PID 1 in its namespace.",
        observed=f"PID 1 is a shell, and the sleep has PID {process.inner_pid}.",
        look=f"grep NSpid /proc/{process.pid}/status",
    )
    await require_process(see, argv, apart=["pid"], inner_pid=1)


@step.check("own-proc", needs=("first",))
async def own_proc(see: See, v: Values) -> None:
    process, seen = await require_process(see, sleep(v.pid_seconds), apart=["pid"])
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
    on_top = await require_mount(see, "/proc", fstype="proc", pid=process.pid)
    require(
        on_top.root == "/",
        "part-of-proc",
        expected="All of a proc is mounted on /proc.",
        observed=f"Of a proc, only {on_top.root} is mounted there.",
        look=f"sudo findmnt -N {process.pid} /proc",
    )
    mine, theirs = await see(
        FileProbe(f"/proc/{process.pid}/stat"), FileProbe("/proc/1/stat", pid=process.pid)
    )
    require(
        numbers != [1] or began(mine.content) == began(theirs.content),
        "another-proc",
        expected="Number 1 in that /proc is the sleep itself.",
        observed="It is another process: this is the /proc of another namespace.",
        look=f"sudo nsenter -t {process.pid} --mount cat /proc/1/cmdline",
    )
    require(
        len(numbers) < 2 or began(mine.content) != began(theirs.content),
        "not-alone",
        expected="In /proc, the sleep sees one process: itself, as number 1.",
        observed=f"It sees {len(numbers)}: others are in its namespace, too.",
        look=f"{there} ls /proc",
    )
    require(
        numbers == [1],
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
    reason="behind-a-shell",
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
step.near_miss(
    "the second one in there",
    lambda v: [
        started("sudo unshare --pid --fork --mount-proc sleep 600", 600),
        started(
            f"sudo nsenter -t $(pgrep -nxf 'sleep 600') --pid --mount sleep {v.pid_seconds}",
            v.pid_seconds,
        ),
    ],
    rejected_by="first",
    reason="not-first",
    explain="Somebody else is PID 1 in that namespace. Number 1 is who begins it.",
)
step.near_miss(
    "another program under its name",
    lambda v: [
        started(
            f'sudo unshare --pid --fork --mount-proc bash -c "{disguised(v.pid_seconds)}"',
            v.pid_seconds,
        )
    ],
    rejected_by="first",
    reason="other-program",
    explain="A process may call itself what it likes. Which file it runs, the kernel tells.",
)
step.near_miss(
    "the proc of another namespace",
    lambda v: [
        started("sudo unshare --pid --fork --mount-proc sleep 600", 600),
        started(
            "sudo nsenter -t $(pgrep -nxf 'sleep 600') --mount "
            f"unshare --pid --fork sleep {v.pid_seconds}",
            v.pid_seconds,
        ),
    ],
    rejected_by="own-proc",
    reason="another-proc",
)
step.near_miss(
    "a folder with a 1 in it",
    lambda v: [
        started(
            "sudo unshare --pid --fork --mount sh -c "
            f"'mount -t tmpfs mine /proc; mkdir /proc/1; exec sleep {v.pid_seconds}'",
            v.pid_seconds,
        )
    ],
    rejected_by="own-proc",
    reason="other-filesystem",
)
step.near_miss(
    "a piece of proc with a 1 in it",
    lambda v: [
        started(
            "sudo unshare --pid --fork --mount sh -c "
            f"'mount --bind /proc/1/task /proc; exec sleep {v.pid_seconds}'",
            v.pid_seconds,
        )
    ],
    rejected_by="own-proc",
    reason="part-of-proc",
)
