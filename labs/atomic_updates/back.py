"""A version that does not get up, and the way back to the one before."""

from __future__ import annotations

from lab_engine.authoring import (
    Boot,
    BootProbe,
    OstreeCommitProbe,
    OstreeSysrootProbe,
    See,
    require,
    require_deployed,
    require_ostree_commit,
)
from labs.atomic_updates.deploy import put, status
from labs.atomic_updates.values import SHOWN, Values, commit, given, lab, touches

step = lab.step("back", continues="first", resources=lambda v: [given("boot", v)], touches=touches)


@step.check("back", points=3)
async def back(see: See, v: Values) -> None:
    before = await see.before(OstreeSysrootProbe(v.disk))
    start = await see.before(OstreeCommitProbe(v.path, v.branch, (SHOWN,)))
    newest = await see(OstreeCommitProbe(v.path, v.branch, (SHOWN,)))
    good = before.default.commit if before.default else ""
    third = "VERSION_ID=3" in newest.files[SHOWN].content if SHOWN in newest.files else False
    require(
        third or newest.id == start.id or start.id not in newest.history[1:],
        "rolled-forward",
        expected=f"The last commit of {v.branch} is version 3.",
        observed="It is another commit on top, with the content of an older version.",
        look=f"ostree --repo={v.path} log {v.branch}",
    )
    await require_ostree_commit(see, v.path, v.branch, files={SHOWN: "VERSION_ID=3"})
    found = await see(OstreeSysrootProbe(v.disk))
    require(
        any(one.commit == newest.id for one in found.deployments),
        "third-absent",
        expected=f"Version 3 is among what is deployed in {v.disk}.",
        observed="It is not: " + ", ".join(one.title for one in found.deployments) + ".",
        look=status(v),
    )
    first = await require_deployed(see, v.disk, good)
    says = v.healthy(2)
    started = await see(BootProbe(first.initramfs, kernel=first.kernel, boots=(Boot(until=says),)))
    said = started.boots[-1].text if started.boots else started.why
    require(
        says in said,
        "not-healthy",
        expected=f"A machine that starts from {v.disk} says {says!r}.",
        observed=f"It says: {said.strip()[-120:]!r}.",
        look=status(v),
    )


@step.check("pin", needs=("back",))
async def pin(see: See, v: Values) -> None:
    found = await see(OstreeSysrootProbe(v.disk))
    good, *others = found.deployments
    look = f"grep -r pinned {v.disk}/ostree/deploy --include=*.origin || echo none"
    wrong = [one.title for one in others if one.pinned]
    require(
        good.pinned or not wrong,
        "other-pinned",
        expected=f"{good.title} is pinned.",
        observed=f"Pinned is {', '.join(wrong)}.",
        look=look,
    )
    require(
        good.pinned,
        "not-pinned",
        expected=f"{good.title} is pinned.",
        observed="It is not.",
        look=look,
    )


def third(v: Values) -> list[str]:
    """Version 3 comes, and is what the machine would start."""
    return ["./release 3", commit(v, 3), pull(v), put(v)]


def pull(v: Values) -> str:
    return f"sudo ostree --repo={v.disk}/ostree/repo pull-local {v.repo} {v.branch}"


def admin(v: Values, words: str) -> str:
    verb, _, rest = words.partition(" ")
    return f"sudo ostree admin {verb} --sysroot={v.disk} {rest}"


STARTS = (
    "Version 3 is still what a boot loader takes, whatever its files say. `ostree admin status` "
    "lists what is deployed, counted from 0, and `set-default` puts another one first."
)
PINNED = "That pins the bad one. They are counted from 0, and the one that starts stands first."

step.solution(
    "the one before first again",
    lambda v: [*third(v), admin(v, "set-default 1"), admin(v, "pin 0")],
    explained={4: ["not-default"]},
)
step.solution(
    "pinned before the new one comes",
    lambda v: [admin(v, "pin 0"), *third(v), admin(v, "set-default 1")],
    explained={5: ["not-default"]},
)
step.near_miss(
    "left as it is",
    third,
    rejected_by="back",
    reason="not-default",
    explain=STARTS,
)
step.near_miss(
    "the archive of version 2 written over that of version 3",
    lambda v: [
        *third(v),
        f"cd {v.disk}/boot/loader/entries && "
        "new=$(grep -l '^version 2$' *.conf) old=$(grep -l '^version 1$' *.conf) && "
        f"sudo cp {v.disk}/boot$(sed -n 's/^initrd //p' $old) "
        f"{v.disk}/boot$(sed -n 's/^initrd //p' $new)",
    ],
    rejected_by="back",
    reason="not-default",
    explain=STARTS,
)
step.near_miss(
    "the bad one thrown away",
    lambda v: [*third(v), admin(v, "undeploy 0")],
    rejected_by="back",
    reason="third-absent",
)
step.near_miss(
    "forward with the old content",
    lambda v: [*third(v), commit(v, 2), pull(v), put(v)],
    rejected_by="back",
    reason="rolled-forward",
    explain="That is a new commit with old files. It helps, and is one more update: built, pulled "
    "and deployed. The old system still lies on the disk. Begin the step anew, and go back to it.",
)
step.near_miss(
    "gone back, and not pinned",
    lambda v: [*third(v), admin(v, "set-default 1")],
    rejected_by="pin",
    reason="not-pinned",
)
step.near_miss(
    "the wrong one pinned",
    lambda v: [*third(v), admin(v, "set-default 1"), admin(v, "pin 1")],
    rejected_by="pin",
    reason="other-pinned",
    explain=PINNED,
)
