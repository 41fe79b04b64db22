"""Look: which namespaces a process is in, and how to join it there."""

from __future__ import annotations

from lab_engine.authoring import ByHand, FileProbe, InhabitantsProbe, Look, See, Service, require
from labs.namespaces.values import Values, lab, sleeper, started

FILE = "/home/learner/work/odd.txt"
KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")

step = lab.step(
    "look",
    resources=lambda v: [
        Service("odd-one", argv=("unshare", f"--{v.odd}", "sleep", str(v.odd_seconds)), user="root")
    ],
)


@step.check("find")
async def find(see: See, v: Values) -> None:
    file = await see(FileProbe(FILE))
    look = "cat ~/work/odd.txt"
    require(
        file.exists,
        "no-file",
        expected="The file ~/work/odd.txt names the kind of namespace.",
        observed="There is no such file.",
        look="ls ~/work",
    )
    said = file.content.lower().split()
    require(
        len(said) == 1,
        "not-one-word",
        expected="The file holds one word: a kind of namespace, as lsns writes it.",
        observed=f"It holds {len(said)} words.",
        look=look,
    )
    require(
        said[0] in KINDS,
        "no-kind",
        expected=f"The word is one of {', '.join(KINDS)}.",
        observed=f"It is {said[0]!r}.",
        look=look,
    )
    require(
        said[0] == v.odd,
        "other-kind",
        expected="The kind of namespace that the two processes do not share.",
        observed=f"They share their {said[0]} namespace.",
        look=f"sudo ls -l /proc/$(pgrep -xf 'sleep {v.odd_seconds}')/ns /proc/self/ns",
    )


@step.check("join", points=2)
async def join(see: See, v: Values) -> None:
    process, seen = await sleeper(see, v.join_seconds, v.odd)
    planted = await see(InhabitantsProbe(("sleep", str(v.odd_seconds))))
    require(
        planted.processes,
        "planted-gone",
        expected=f"`sleep {v.odd_seconds}`, which the step started, still runs.",
        observed="It has ended.",
        look=Look(f"pgrep -xf 'sleep {v.odd_seconds}'", fails=True),
    )
    theirs = planted.processes[0].namespaces[v.odd]
    mine = process.namespaces[v.odd]
    look = f"sudo lsns -p {process.pid}; sudo lsns -p {planted.processes[0].pid}"
    require(
        mine != seen.bench[v.odd],
        "not-joined",
        expected=f"`sleep {v.join_seconds}` shares a namespace with `sleep {v.odd_seconds}`.",
        observed="It is in the same namespaces as your shell.",
        look=look,
    )
    require(
        mine == theirs,
        "a-third-one",
        expected=f"It is in the namespace that is already there, number {theirs}.",
        observed=f"It is in a new one, number {mine}.",
        look=look,
    )
    strange = [
        kind
        for kind, number in process.namespaces.items()
        if kind != v.odd and number != seen.bench.get(kind)
    ]
    require(
        not strange,
        "too-far",
        expected="All its other namespaces are those of your shell.",
        observed=f"It also has another {', '.join(strange)}.",
        look=look,
    )


def planted(v: Values) -> str:
    return f"$(pgrep -xf 'sleep {v.odd_seconds}')"


def compare(v: Values) -> ByHand:
    """Write down each kind in which the planted process differs from the shell."""
    return ByHand(
        f"for kind in ipc mnt net pid user uts; do "
        f'[ "$(sudo readlink /proc/{planted(v)}/ns/$kind)" = "$(readlink /proc/self/ns/$kind)" ] '
        f"|| echo $kind; done > odd.txt",
        typed=f"sudo lsns -p {planted(v)}; lsns -p $$; echo {v.odd} > odd.txt",
    )


step.solution(
    "compare the links in /proc",
    lambda v: [
        compare(v),
        started(
            f"sudo nsenter -t {planted(v)} --$(cat odd.txt) sleep {v.join_seconds}",
            v.join_seconds,
            typed=f"sudo nsenter -t {planted(v)} --{v.odd} sleep {v.join_seconds}",
        ),
    ],
)
step.solution(
    "ask lsns",
    lambda v: [
        f"sudo lsns -n -o TYPE,PID | awk -v pid={planted(v)} '$2 == pid {{print $1}}' > odd.txt",
        f"pid={planted(v)}",
        started(
            f"sudo nsenter --$(cat odd.txt)=/proc/$pid/ns/$(cat odd.txt) sleep {v.join_seconds}",
            v.join_seconds,
        ),
    ],
)
step.near_miss(
    "a kind that they share",
    lambda v: ["echo mnt > odd.txt"],
    rejected_by="find",
    reason="other-kind",
    explain="Compare number with number: the one that differs is the kind you look for.",
)
step.near_miss(
    "the whole list",
    lambda v: ["ls /proc/self/ns > odd.txt"],
    rejected_by="find",
    reason="not-one-word",
    explain="That is the list of all kinds. Write down only the one in which the two differ.",
)
step.near_miss(
    "the number instead of the kind",
    lambda v: [f"sudo readlink /proc/{planted(v)}/ns/{v.odd} > odd.txt"],
    rejected_by="find",
    reason="no-kind",
    explain="That is the name of the namespace itself. The task asks for its kind, one short word.",
)
step.near_miss(
    "a new namespace of the same kind",
    lambda v: [
        compare(v),
        started(f"sudo unshare --{v.odd} sleep {v.join_seconds}", v.join_seconds),
    ],
    rejected_by="join",
    reason="a-third-one",
    explain="unshare makes a new namespace. To enter one that is there, use nsenter.",
)
step.near_miss(
    "just started",
    lambda v: [compare(v), started(f"sleep {v.join_seconds}", v.join_seconds)],
    rejected_by="join",
    reason="not-joined",
    explain="A process begins in the namespaces of whoever started it: here, of your shell.",
)
step.near_miss(
    "everything joined, and the rest new",
    lambda v: [
        compare(v),
        started(
            f"sudo nsenter -t {planted(v)} --{v.odd} unshare --mount sleep {v.join_seconds}",
            v.join_seconds,
        ),
    ],
    rejected_by="join",
    reason="too-far",
    explain="Here only one kind is to differ. Each option of unshare and nsenter is one kind.",
)
