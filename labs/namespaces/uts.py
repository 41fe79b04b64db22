"""UTS: a host name of its own."""

from __future__ import annotations

from lab_engine.authoring import InhabitantsProbe, See, require, require_process
from labs.namespaces.values import Values, disguised, lab, sleep, started

step = lab.step("uts")


@step.check("own-name", points=2)
async def own_name(see: See, v: Values) -> None:
    before = await see.before(InhabitantsProbe(sleep(v.uts_seconds)))
    process, seen = await require_process(see, sleep(v.uts_seconds), apart=["uts"])
    require(
        v.hostname in (process.hostname, seen.hostname) or process.hostname != before.hostname,
        "old-name",
        expected=f"In its UTS namespace the host is called {v.hostname}.",
        observed=f"There it is still called {process.hostname}.",
        look=f"sudo nsenter -t {process.pid} --uts hostname",
    )
    require(
        process.hostname == v.hostname,
        "other-name",
        expected=f"In its UTS namespace the host is called {v.hostname}.",
        observed=f"There it is called {process.hostname}.",
        look=f"sudo nsenter -t {process.pid} --uts hostname",
    )
    require(
        seen.hostname != v.hostname,
        "renamed-both",
        expected=f"Your shell's host is still called {before.hostname}.",
        observed=f"It is called {seen.hostname} now, too.",
        look="hostname",
    )
    require(
        seen.hostname == before.hostname,
        "renamed-outside",
        expected=f"Your shell's host is still called {before.hostname}.",
        observed=f"It is called {seen.hostname} now.",
        look="hostname",
    )


step.solution(
    "a shell that sets the name and becomes the sleep",
    lambda v: [
        started(
            f"sudo unshare --uts sh -c 'hostname {v.hostname}; exec sleep {v.uts_seconds}'",
            v.uts_seconds,
        )
    ],
)
step.solution(
    "the sleep first, the name from outside",
    lambda v: [
        started(f"sudo unshare --uts sleep {v.uts_seconds}", v.uts_seconds),
        f"sudo nsenter -t $(pgrep -xf 'sleep {v.uts_seconds}') --uts hostname {v.hostname}",
    ],
    explained={1: ["old-name"]},
)
step.solution(
    "a sleep out of a box of many programs",
    lambda v: [
        started(
            f"sudo unshare --uts bash -c 'hostname {v.hostname}; "
            f"exec -a sleep busybox {v.uts_seconds}'",
            v.uts_seconds,
        )
    ],
)
step.near_miss(
    "no name given",
    lambda v: [started(f"sudo unshare --uts sleep {v.uts_seconds}", v.uts_seconds)],
    rejected_by="own-name",
    reason="old-name",
    explain="A new UTS namespace begins with a copy of the name. It has to be set in there.",
)
step.near_miss(
    "the name of another namespace",
    lambda v: [
        started(f"sudo unshare --uts sleep {v.uts_seconds}", v.uts_seconds),
        f"sudo unshare --uts hostname {v.hostname}",
    ],
    rejected_by="own-name",
    reason="old-name",
    explain="A new UTS namespace begins with a copy of the name. It has to be set in there.",
)
step.near_miss(
    "no namespace",
    lambda v: [
        f"sudo unshare --uts hostname {v.hostname}",
        started(f"sleep {v.uts_seconds}", v.uts_seconds),
    ],
    rejected_by="own-name",
    reason="not-apart",
    explain="What your shell starts is where your shell is. Only what unshare starts is in the new "
    "namespace.",
)
step.near_miss(
    "another program under its name",
    lambda v: [
        started(
            f'sudo unshare --uts bash -c "hostname {v.hostname}; {disguised(v.uts_seconds)}"',
            v.uts_seconds,
        )
    ],
    rejected_by="own-name",
    reason="other-program",
    explain="A process may call itself what it likes. Which file it runs, the kernel tells.",
)
step.near_miss(
    "another one's namespaces mounted over its own",
    lambda v: [
        started(f"sleep {v.uts_seconds}", v.uts_seconds),
        started(
            f"sudo unshare --uts sh -c 'hostname {v.hostname}; exec sleep {v.uts_seconds + 9000}'",
            v.uts_seconds + 9000,
        ),
        'of() { echo /proc/$(pgrep -nxf "sleep $1")/ns; }',
        f"sudo mount --bind $(of {v.uts_seconds + 9000}) $(of {v.uts_seconds})",
    ],
    rejected_by="own-name",
    reason="not-apart",
    explain="What your shell starts is where your shell is. Only what unshare starts is in the new "
    "namespace.",
)
step.near_miss(
    "a name with a slip",
    lambda v: [
        started(
            f"sudo unshare --uts sh -c 'hostname {v.hostname}0; exec sleep {v.uts_seconds}'",
            v.uts_seconds,
        )
    ],
    rejected_by="own-name",
    reason="other-name",
)
step.near_miss(
    "the bench renamed as well",
    lambda v: [
        f"sudo hostname {v.hostname}",
        started(f"sudo unshare --uts sleep {v.uts_seconds}", v.uts_seconds),
    ],
    rejected_by="own-name",
    reason="renamed-both",
    explain="The name was set before the new namespace was there, so everybody has it.",
)
