"""Look: which namespaces a process is in, and how to join it there."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    ByHand,
    InhabitantsProbe,
    Look,
    See,
    Service,
    as_read,
    require,
    require_file,
    require_process,
)
from labs.namespaces.values import Values, disguised, lab, sleep, started

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
    file = await require_file(see, FILE)
    said = as_read(file.content).casefold().split()
    look = "head -c 200 ~/work/odd.txt"
    require(
        not set(KINDS[:6]) <= {word.rpartition("/")[2] for word in said},
        "the-list",
        expected="The file holds one word: a kind of namespace, as lsns writes it.",
        observed=f"It holds {len(said)} words.",
        look=look,
    )
    require(
        len(said) != 1 or not re.fullmatch(r"[a-z]+:\[\d+\]", said[0]),
        "its-name",
        expected=f"The word is one of {', '.join(KINDS)}.",
        observed=f"It is {' '.join(said)[:60]}.",
        look=look,
    )
    require(
        len(said) != 1 or said[0] not in KINDS or said[0] == v.odd,
        "shared-kind",
        expected="The kind of namespace that the two processes do not share.",
        observed=f"They share their {' '.join(said)[:60]} namespace.",
        look=f"sudo ls -l /proc/$(pgrep -nxf 'sleep {v.odd_seconds}')/ns /proc/self/ns",
    )
    require(
        len(said) == 1 and said[0] in KINDS,
        "no-kind",
        expected=f"The file holds one word, one of {', '.join(KINDS)}.",
        observed=f"It says {' '.join(said)[:60]!r}.",
        look=look,
    )
    await require_file(see, FILE, says=v.odd)


@step.check("join", points=2)
async def join(see: See, v: Values) -> None:
    probe = InhabitantsProbe(sleep(v.odd_seconds))
    before = await see.before(probe)
    there = await see(probe)
    theirs = {(one.pid, one.started) for one in before.processes}
    there_still = [one for one in there.processes if (one.pid, one.started) in theirs]
    require(
        there_still or not there.processes,
        "planted-replaced",
        expected=f"`sleep {v.odd_seconds}`, which the step started, still runs.",
        observed="It has ended. What runs under its name was started later.",
        look=f"ps -o pid,lstart,cmd -p $(pgrep -nxf 'sleep {v.odd_seconds}')",
    )
    require(
        there_still,
        "planted-gone",
        expected=f"`sleep {v.odd_seconds}`, which the step started, still runs.",
        observed="It has ended.",
        look=Look(f"pgrep -xf 'sleep {v.odd_seconds}'", fails=True),
    )
    argv = sleep(v.join_seconds)
    process, seen = await require_process(see, argv)
    # Which kind it is, the learner may not have found out yet: nothing here says it.
    look = f"sudo lsns -p {process.pid}; sudo lsns -p {there_still[0].pid}"
    wanted = f"Where `sleep {v.odd_seconds}` is apart from your shell, it is with that one."
    require(
        process.namespaces[v.odd] != seen.bench[v.odd],
        "not-joined",
        expected=wanted,
        observed=f"Process {process.pid} is with your shell there.",
        look=look,
    )
    require(
        process.namespaces[v.odd] == there_still[0].namespaces[v.odd],
        "a-third-one",
        expected=wanted,
        observed=f"Process {process.pid} is in a new namespace there.",
        look=look,
    )
    await require_process(see, argv, shared=[kind for kind in KINDS if kind != v.odd])


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
step.solution(
    "written down with a quote and the line end of Windows",
    lambda v: [
        f"printf '\\047{v.odd}\\047\\r\\n' > odd.txt",
        started(f"sudo nsenter -t {planted(v)} --{v.odd} sleep {v.join_seconds}", v.join_seconds),
    ],
)
step.near_miss(
    "a kind that they share",
    lambda v: ["echo mnt > odd.txt"],
    rejected_by="find",
    reason="shared-kind",
    explain="Compare number with number: the one that differs is the kind you look for.",
)
step.near_miss(
    "the whole list",
    lambda v: ["ls /proc/self/ns > odd.txt"],
    rejected_by="find",
    reason="the-list",
    explain="That is the list of all kinds. Write down only the one in which the two differ.",
)
step.near_miss(
    "the number instead of the kind",
    lambda v: [f"sudo readlink /proc/{planted(v)}/ns/{v.odd} > odd.txt"],
    rejected_by="find",
    reason="its-name",
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
    explain="A process begins in the namespaces of whoever started it; `nsenter -t NUMBER` takes "
    "it to where that process is. This one is where your shell is.",
)
step.near_miss(
    "the namespaces of process 1",
    lambda v: [
        compare(v),
        started(f"sudo nsenter -t 1 --{v.odd} sleep {v.join_seconds}", v.join_seconds),
    ],
    rejected_by="join",
    reason="not-joined",
    explain="A process begins in the namespaces of whoever started it; `nsenter -t NUMBER` takes "
    "it to where that process is. This one is where your shell is.",
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
    reason="not-shared",
    explain="Here only one kind is to differ. Each option of unshare and nsenter is one kind.",
)
step.near_miss(
    "a sentence",
    lambda v: [f"echo 'the {v.odd} kind' > odd.txt"],
    rejected_by="find",
    reason="no-kind",
)
step.near_miss(
    "a folder in the place of the file",
    lambda v: [f"mkdir odd.txt && echo {v.odd} > odd.txt/odd.txt"],
    rejected_by="find",
    reason="no-plain-file",
)
step.near_miss(
    "both ended, and begun anew",
    lambda v: [
        compare(v),
        f"sudo pkill -xf 'sleep {v.odd_seconds}'",
        started(f"sudo unshare --{v.odd} sleep {v.odd_seconds}", v.odd_seconds),
        started(f"sudo nsenter -t {planted(v)} --{v.odd} sleep {v.join_seconds}", v.join_seconds),
    ],
    rejected_by="join",
    reason="planted-replaced",
    explain="The process that the step started has ended, and its namespace with it. Begin the "
    "step anew to have it again.",
)
step.near_miss(
    "another program under its name",
    lambda v: [
        compare(v),
        started(
            f'sudo nsenter -t {planted(v)} --{v.odd} bash -c "{disguised(v.join_seconds)}"',
            v.join_seconds,
        ),
    ],
    rejected_by="join",
    reason="other-program",
    explain="A process may call itself what it likes. Which file it runs, the kernel tells.",
)
