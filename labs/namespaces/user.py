"""User: root inside, nobody special outside."""

from __future__ import annotations

from lab_engine.authoring import See, require, require_process
from labs.namespaces.values import LEARNER, Values, disguised, lab, sleep, started

step = lab.step("user")

ROOT_OUTSIDE = "With sudo, it is root outside. Leave sudo out: no right is needed for this."


@step.check("fake-root", points=2)
async def fake_root(see: See, v: Values) -> None:
    argv = sleep(v.root_seconds)
    process, seen = await require_process(see, argv)
    look = f"cat /proc/{process.pid}/uid_map; ps -o user,pid,cmd -p {process.pid}"
    require(
        process.uid != 0 or seen.outside("user"),
        "with-sudo",
        expected="The process is in a user namespace of its own.",
        observed="It is root in the same one as your shell: root of the whole bench.",
        look=look,
    )
    process, _ = await require_process(see, argv, apart=["user"])
    look = f"cat /proc/{process.pid}/uid_map; ps -o user,pid,cmd -p {process.pid}"
    require(
        process.uid != 0,
        "real-root",
        expected="Outside, the process belongs to learner.",
        observed="Outside, it belongs to root.",
        look=look,
    )
    require(
        process.uid == LEARNER,
        "not-learner",
        expected="Outside, the process belongs to learner.",
        observed=f"Outside, it belongs to uid {process.uid}.",
        look=look,
    )
    require(
        process.uid_map,
        "no-map",
        expected="Inside, the process is root, uid 0.",
        observed="Nobody is mapped yet: the uid_map is empty.",
        look=look,
    )
    await require_process(see, argv, apart=["user"], inner_uid=0)


@step.check("numbered")
async def numbered(see: See, v: Values) -> None:
    argv = sleep(v.mapped_seconds)
    process, _ = await require_process(see, argv, apart=["user"])
    look = f"cat /proc/{process.pid}/uid_map"
    require(
        process.uid != 0,
        "real-root",
        expected="Outside, the process belongs to learner.",
        observed="Outside, it belongs to root.",
        look=f"ps -o user,pid,cmd -p {process.pid}",
    )
    require(
        process.uid == LEARNER,
        "not-learner",
        expected="Outside, the process belongs to learner.",
        observed=f"Outside, it belongs to uid {process.uid}.",
        look=f"ps -o user,pid,cmd -p {process.pid}",
    )
    require(
        process.uid_map,
        "no-map",
        expected=f"learner is uid {v.inner_uid} inside.",
        observed="Nobody is mapped yet: the uid_map is empty.",
        look=look,
    )
    require(
        process.inner_uid != 0,
        "mapped-to-root",
        expected=f"Inside, the process has the uid {v.inner_uid}.",
        observed="Inside, it is root, uid 0.",
        look=look,
    )
    await require_process(see, argv, apart=["user"], inner_uid=v.inner_uid)


def by_file(seconds: int, inner: int) -> list[str]:
    """A namespace without a map, then the map written by hand."""
    return [
        started(f"unshare --user sleep {seconds}", seconds),
        f"echo '{inner} {LEARNER} 1' | sudo tee /proc/$(pgrep -xf 'sleep {seconds}')/uid_map",
    ]


step.solution(
    "unshare writes the maps",
    lambda v: [
        started(f"unshare --user --map-root-user sleep {v.root_seconds}", v.root_seconds),
        started(
            f"unshare --user --map-user={v.inner_uid} sleep {v.mapped_seconds}", v.mapped_seconds
        ),
    ],
)
step.solution(
    "the maps by hand",
    lambda v: [*by_file(v.root_seconds, 0), *by_file(v.mapped_seconds, v.inner_uid)],
    explained={1: ["no-map"], 3: ["no-map"]},
)
step.near_miss(
    "real root",
    lambda v: [started(f"sudo sleep {v.root_seconds}", v.root_seconds)],
    rejected_by="fake-root",
    reason="with-sudo",
    explain="sudo makes it root for the whole bench. A user namespace makes it root only inside.",
)
step.near_miss(
    "real root in a namespace",
    lambda v: [
        started(f"sudo unshare --user --map-root-user sleep {v.root_seconds}", v.root_seconds)
    ],
    rejected_by="fake-root",
    reason="real-root",
    explain=ROOT_OUTSIDE,
)
step.near_miss(
    "nobody is mapped",
    lambda v: [started(f"unshare --user sleep {v.root_seconds}", v.root_seconds)],
    rejected_by="fake-root",
    reason="no-map",
    explain="Without a map every user inside is 65534, nobody. Say who is root in there.",
)
step.near_miss(
    "root again",
    lambda v: [
        started(f"unshare --user --map-root-user sleep {v.mapped_seconds}", v.mapped_seconds)
    ],
    rejected_by="numbered",
    reason="mapped-to-root",
    explain="--map-root-user always maps you to 0. Another number needs --map-user.",
)
step.near_miss(
    "one too many",
    lambda v: [
        started(
            f"unshare --user --map-user={v.inner_uid + 1} sleep {v.mapped_seconds}",
            v.mapped_seconds,
        )
    ],
    rejected_by="numbered",
    reason="other-user",
)
step.near_miss(
    "a number that is not root",
    lambda v: [
        started(f"unshare --user --map-user={v.inner_uid} sleep {v.root_seconds}", v.root_seconds)
    ],
    rejected_by="fake-root",
    reason="other-user",
)
step.near_miss(
    "another program under its name",
    lambda v: [
        started(
            f'unshare --user --map-root-user bash -c "{disguised(v.root_seconds)}"',
            v.root_seconds,
        )
    ],
    rejected_by="fake-root",
    reason="other-program",
    explain="A process may call itself what it likes. Which file it runs, the kernel tells.",
)
step.near_miss(
    "an empty map",
    lambda v: [started(f"unshare --user sleep {v.mapped_seconds}", v.mapped_seconds)],
    rejected_by="numbered",
    reason="no-map",
    explain="The namespace is there, but its uid_map has no line that says who you are.",
)
step.near_miss(
    "root's number",
    lambda v: [
        started(
            f"sudo unshare --user --map-user={v.inner_uid} sleep {v.mapped_seconds}",
            v.mapped_seconds,
        ),
    ],
    rejected_by="numbered",
    reason="real-root",
    explain=ROOT_OUTSIDE,
)
step.near_miss(
    "somebody else's number",
    lambda v: [
        started(
            f"sudo setpriv --reuid {v.inner_uid} --clear-groups unshare --user "
            f"--map-current-user sleep {v.mapped_seconds}",
            v.mapped_seconds,
        ),
    ],
    rejected_by="numbered",
    reason="not-learner",
    explain="Inside and outside it has that number: nothing was mapped. Outside it must be you.",
)
