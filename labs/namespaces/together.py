"""All six at once, which is most of what a container is."""

from __future__ import annotations

from lab_engine.authoring import InhabitantsProbe, See, require, require_process
from labs.namespaces.values import (
    LEARNER,
    SHELLS,
    Values,
    disguised,
    lab,
    sleep,
    started,
)

KINDS = ("pid", "net", "user", "mnt", "ipc", "uts")

step = lab.step("together")


@step.check("box", points=3)
async def box(see: See, v: Values) -> None:
    argv = sleep(v.box_seconds)
    process, seen = await require_process(see, argv)
    apart = {kind for kind in KINDS if process.namespaces.get(kind) != seen.bench.get(kind)}
    require(
        not apart or "pid" in apart,
        "pid-not-apart",
        expected="The process is in a pid namespace of its own.",
        observed=f"Process {process.pid} is in that of your shell.",
        look=f"sudo lsns -p {process.pid}; sudo lsns -p $$",
    )
    process, seen = await require_process(see, argv, apart=KINDS)
    owner = f"ps -o user,pid,cmd -p {process.pid}"
    require(
        process.uid != 0,
        "with-sudo",
        expected="Outside, it belongs to learner.",
        observed="Outside, it belongs to root.",
        look=owner,
    )
    require(
        process.uid == LEARNER,
        "not-learner",
        expected="Outside, it belongs to learner.",
        observed=f"Outside, it belongs to uid {process.uid}.",
        look=owner,
    )
    by_root = [kind for kind, owner in process.owners.items() if owner == seen.bench["user"]]
    require(
        not by_root,
        "made-by-root",
        expected="The root of its own user namespace has made all of them.",
        observed=f"The root of the bench has made: {', '.join(by_root)}.",
        look=f"sudo lsns -p {process.pid}",
    )
    await require_process(see, argv, apart=KINDS, inner_uid=0)
    parent = await see(InhabitantsProbe(pid=process.parent))
    shell = [one for one in parent.processes if one.inner_pid == 1 and one.program in SHELLS]
    require(
        process.inner_pid == 1 or not shell,
        "behind-a-shell",
        expected="The sleep itself has PID 1 in its namespace.",
        observed=f"PID 1 is a shell, and the sleep has PID {process.inner_pid}.",
        look=f"grep NSpid /proc/{process.pid}/status",
    )
    await require_process(see, argv, apart=KINDS, inner_pid=1)
    there = f"sudo nsenter -t {process.pid} --uts hostname"
    require(
        process.hostname != seen.hostname,
        "unnamed",
        expected=f"Inside, the host is called {v.box}.",
        observed=f"Inside, it is called {process.hostname}, as outside.",
        look=there,
    )
    require(
        process.hostname == v.box,
        "other-name",
        expected=f"Inside, the host is called {v.box}.",
        observed=f"Inside, it is called {process.hostname}.",
        look=there,
    )


ALL = "--user --map-root-user --pid --fork --mount --net --ipc --uts"


def named(v: Values) -> str:
    return f"sh -c 'hostname {v.box}; exec sleep {v.box_seconds}'"


step.solution(
    "one unshare",
    lambda v: [started(f"unshare {ALL} {named(v)}", v.box_seconds)],
)
step.solution(
    "user first, the rest as its root",
    lambda v: [
        started(
            "unshare --user --map-root-user "
            f"unshare --pid --fork --mount-proc --net --ipc --uts {named(v)}",
            v.box_seconds,
        )
    ],
)
step.near_miss(
    "no network of its own",
    lambda v: [started(f"unshare {ALL.replace(' --net', '')} {named(v)}", v.box_seconds)],
    rejected_by="box",
    reason="not-apart",
    explain="Each kind has an option of its own. What you leave out stays shared.",
)
step.near_miss(
    "without a fork",
    lambda v: [
        started(f"unshare {ALL.replace(' --fork', '')} sleep {v.box_seconds}", v.box_seconds)
    ],
    rejected_by="box",
    reason="pid-not-apart",
    explain="Its pid namespace is that of your shell. `--pid` is for the children of unshare, so "
    "it takes `--fork` as well.",
)
step.near_miss(
    "as real root",
    lambda v: [started(f"sudo unshare {ALL} {named(v)}", v.box_seconds)],
    rejected_by="box",
    reason="with-sudo",
    explain="With sudo, root inside is root outside. The user namespace gives you all you need.",
)
step.near_miss(
    "five walls made by root",
    lambda v: [
        started(
            "sudo unshare --pid --fork --net --mount --ipc --uts "
            f"sh -c 'hostname {v.box}; exec setpriv --reuid {LEARNER} --regid {LEARNER} "
            f"--clear-groups unshare --user --map-root-user sleep {v.box_seconds}'",
            v.box_seconds,
        )
    ],
    rejected_by="box",
    reason="made-by-root",
    explain="Only the user namespace is yours: root made the other five. Without sudo, `--user` in "
    "the same unshare gives you the right to all of them.",
)
step.near_miss(
    "behind a shell",
    lambda v: [
        started(
            f"unshare {ALL} sh -c 'hostname {v.box}; sleep {v.box_seconds}; echo done'",
            v.box_seconds,
        )
    ],
    rejected_by="box",
    reason="behind-a-shell",
    explain="The shell stays PID 1, and the sleep is its child. Use exec.",
)
step.near_miss(
    "without a name",
    lambda v: [started(f"unshare {ALL} sleep {v.box_seconds}", v.box_seconds)],
    rejected_by="box",
    reason="unnamed",
    explain="The name was copied from outside. Set it from inside.",
)
step.near_miss(
    "a name with a slip",
    lambda v: [
        started(
            f"unshare {ALL} sh -c 'hostname {v.box}0; exec sleep {v.box_seconds}'",
            v.box_seconds,
        )
    ],
    rejected_by="box",
    reason="other-name",
)
step.near_miss(
    "another program under its name",
    lambda v: [
        started(
            f'unshare {ALL} bash -c "hostname {v.box}; {disguised(v.box_seconds)}"',
            v.box_seconds,
        )
    ],
    rejected_by="box",
    reason="other-program",
    explain="A process may call itself what it likes. Which file it runs, the kernel tells.",
)
