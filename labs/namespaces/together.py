"""All six at once, which is most of what a container is."""

from __future__ import annotations

from lab_engine.authoring import See, require
from labs.namespaces.values import LEARNER, Values, lab, sleeper, started

KINDS = ("pid", "net", "user", "mnt", "ipc", "uts")

step = lab.step("together")


@step.check("box", points=3)
async def box(see: See, v: Values) -> None:
    process, seen = await sleeper(see, v.box_seconds, *KINDS)
    shared = [kind for kind in KINDS if process.namespaces[kind] == seen.bench[kind]]
    require(
        not shared,
        "shared",
        expected="The process shares none of the six kinds of namespace with your shell.",
        observed=f"It shares {', '.join(shared)}.",
        look=f"sudo lsns -p {process.pid}",
    )
    require(
        process.uid == LEARNER,
        "with-sudo",
        expected="Outside, it belongs to learner.",
        observed=f"Outside, it belongs to uid {process.uid}.",
        look=f"ps -o user,pid,cmd -p {process.pid}",
    )
    require(
        process.inner_uid == 0 and process.inner_pid == 1,
        "not-the-first",
        expected="Inside, it is root and PID 1.",
        observed=f"Inside, it is uid {process.inner_uid} and PID {process.inner_pid}.",
        look=f"grep NSpid /proc/{process.pid}/status; cat /proc/{process.pid}/uid_map",
    )
    require(
        process.hostname == v.box,
        "unnamed",
        expected=f"Inside, the host is called {v.box}.",
        observed=f"Inside, it is called {process.hostname}.",
        look=f"sudo nsenter -t {process.pid} --uts hostname",
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
    reason="shared",
    explain="Each kind has an option of its own. What you leave out stays shared.",
)
step.near_miss(
    "as real root",
    lambda v: [started(f"sudo unshare {ALL} {named(v)}", v.box_seconds)],
    rejected_by="box",
    reason="with-sudo",
    explain="With sudo, root inside is root outside. The user namespace gives you all you need.",
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
    reason="not-the-first",
    explain="The shell stays PID 1, and the sleep is its child. Use exec.",
)
step.near_miss(
    "without a name",
    lambda v: [started(f"unshare {ALL} sleep {v.box_seconds}", v.box_seconds)],
    rejected_by="box",
    reason="unnamed",
    explain="The name was copied from outside. Set it from inside.",
)
