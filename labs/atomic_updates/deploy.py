"""Two systems on one disk, and settings that go from the one to the other."""

from __future__ import annotations

from lab_engine.authoring import (
    FileProbe,
    OstreeCommitProbe,
    OstreeSysrootProbe,
    See,
    require,
    require_deployed,
    require_ostree_commit,
    require_ostree_sound,
)
from labs.atomic_updates.values import SHOWN, Values, lab, ostree, touches

step = lab.step("deploy", continues="commit", touches=touches)


def status(v: Values) -> str:
    """What a boot loader finds. `ostree admin status` aborts where somebody deployed `branch^`."""
    return f"grep -H . {v.disk}/boot/loader/entries/*.conf"


@step.check("slots", points=2)
async def slots(see: See, v: Values) -> None:
    old = await see(OstreeCommitProbe(v.path, f"{v.branch}^"))
    new = await require_ostree_commit(see, v.path, v.branch, files={SHOWN: "VERSION_ID=2"})
    await require_deployed(see, v.disk, new.id)
    found = await see(OstreeSysrootProbe(v.disk))
    require(
        any(one.commit == old.id for one in found.deployments),
        "old-gone",
        expected=f"Version 1 is deployed in {v.disk} as well.",
        observed="It is not: " + ", ".join(one.title for one in found.deployments) + ".",
        look=status(v),
    )


@step.check("settings", points=2, needs=("slots",))
async def settings(see: See, v: Values) -> None:
    old = await see(OstreeCommitProbe(v.path, f"{v.branch}^"))
    await require_ostree_sound(see, f"{v.disk}/ostree/repo")
    found = await see(OstreeSysrootProbe(v.disk))
    new = found.deployments[0]
    before = next(one for one in found.deployments if one.commit == old.id)
    file = f"etc/{v.os}.conf"
    mine, theirs = await see(
        FileProbe(f"{before.folder}/{file}"), FileProbe(f"{new.folder}/{file}")
    )
    look = f"grep -H . {v.disk}/ostree/deploy/*/deploy/*/{file}"
    lines = theirs.content.splitlines()
    require(
        v.line in mine.content.splitlines() or v.line not in lines,
        "second-only",
        expected=f"{v.line!r} was set in version 1, and came along.",
        observed="Version 1 has no such line; version 2 has.",
        look=look,
    )
    require(
        v.line in mine.content.splitlines(),
        "not-set",
        expected=f"/{file} of version 1 has the line {v.line!r}.",
        observed=f"It says: {mine.content.strip()!r}.",
        look=look,
    )
    require(
        v.line in lines,
        "not-carried",
        expected=f"/{file} of version 2 has the line {v.line!r}, too.",
        observed=f"It says: {theirs.content.strip()!r}.",
        look=look,
    )
    origin = await see(FileProbe(f"{new.folder}.origin"))
    # What is carried over keeps its date; this file is the last that a deployment writes.
    require(
        theirs.modified_ns <= origin.modified_ns,
        "second-by-hand",
        expected=f"/{file} of version 2 came along from version 1, by itself.",
        observed="It was written after version 2 had been deployed.",
        look=f"ls -l --full-time {v.disk}/ostree/deploy/*/deploy/*.origin "
        f"{v.disk}/ostree/deploy/*/deploy/*/{file}",
    )
    require(
        "port = 80" in lines,
        "old-lines-lost",
        expected=f"/{file} keeps the line that it came with.",
        observed=f"It says: {theirs.content.strip()!r}.",
        look=look,
    )


def prepare(v: Values, disk: str = "") -> list[str]:
    """A disk with everything that ostree wants there."""
    disk = disk or v.disk
    return [
        f"sudo mkdir {disk}",
        f"sudo ostree admin init-fs {disk}",
        f"sudo ostree admin os-init --sysroot={disk} {v.os}",
    ]


def fetch(v: Values) -> str:
    return f"sudo ostree --repo={v.disk}/ostree/repo pull-local --depth=-1 {v.repo} {v.branch}"


def put(v: Values, revision: str = "", options: str = "") -> str:
    return (
        f"sudo ostree admin deploy --sysroot={v.disk} --os={v.os} {options}{revision or v.branch}"
    )


def folder(v: Values, revision: str = "") -> str:
    """The root of a deployment, as a shell finds it."""
    found = ostree(v, f"rev-parse {revision or v.branch}")
    return f"{v.disk}/ostree/deploy/{v.os}/deploy/$({found}).0"


def first(v: Values) -> list[str]:
    """Version 1 on the disk."""
    return [*prepare(v), fetch(v), put(v, old_commit(v))]


def old_commit(v: Values) -> str:
    """Version 1, by its hash."""
    return f"$({ostree(v, f'rev-parse {v.branch}^')})"


def write(v: Values, revision: str, file: str = "") -> str:
    file = file or f"etc/{v.os}.conf"
    return f"echo '{v.line}' | sudo tee -a {folder(v, revision)}/{file}"


NOT_CARRIED = (
    "Version 1 has your line, version 2 has not. It is carried over while version 2 is deployed, "
    "and only then. Take version 2 away (`sudo ostree admin undeploy`) and deploy it again."
)

step.solution(
    "the old one, the setting, the new one",
    lambda v: [*first(v), write(v, f"{v.branch}^"), put(v)],
    explained={2: ["nothing-deployed"], 3: ["nothing-deployed"], 4: ["old-gone"]},
)
step.solution(
    "by checksums, and one pulled after the other",
    lambda v: [
        *prepare(v),
        f"old=$({ostree(v, f'rev-parse {v.branch}^')})",
        f"sudo ostree --repo={v.disk}/ostree/repo pull-local {v.repo} $old",
        put(v, "$old"),
        f"sudo sed -i '1i {v.line}' {v.disk}/ostree/deploy/{v.os}/deploy/$old.0/etc/{v.os}.conf",
        f"sudo ostree --repo={v.disk}/ostree/repo pull-local {v.repo} {v.branch}",
        put(v),
    ],
    explained={2: ["nothing-deployed"], 3: ["old-gone"], 4: ["old-gone"], 5: ["old-gone"]},
)
step.near_miss(
    "only the new one",
    lambda v: [*prepare(v), fetch(v), put(v)],
    rejected_by="slots",
    reason="old-gone",
    explain="One system is deployed. There is nothing to go back to until version 1 is there, too.",
)
step.near_miss(
    "the old one on top",
    lambda v: [*prepare(v), fetch(v), put(v), fetch(v), put(v, old_commit(v))],
    rejected_by="slots",
    reason="not-default",
    explain="Both are there, but the one that was deployed last is started first. That is version "
    "1 now. Deploy version 2 again.",
)
step.near_miss(
    "pulled and not deployed",
    lambda v: [*prepare(v), fetch(v)],
    rejected_by="slots",
    reason="nothing-deployed",
    explain="No system is there yet. `ostree admin deploy` makes one, of a commit that the disk's "
    "own repository has.",
)
step.near_miss(
    "set too late",
    lambda v: [*first(v), put(v), write(v, f"{v.branch}^")],
    rejected_by="settings",
    reason="not-carried",
    explain=NOT_CARRIED,
)
step.near_miss(
    "deployed without a merge",
    lambda v: [*first(v), write(v, f"{v.branch}^"), put(v, options="--no-merge --retain ")],
    rejected_by="settings",
    reason="not-carried",
    explain=NOT_CARRIED,
)
step.near_miss(
    "set in the new one by hand",
    lambda v: [*first(v), put(v), write(v, v.branch)],
    rejected_by="settings",
    reason="second-only",
    explain="You wrote it into version 2. It works on this one machine; what is asked for is a "
    "setting of version 1 that comes along by itself.",
)
step.near_miss(
    "set in both by hand",
    lambda v: [*first(v), put(v), write(v, f"{v.branch}^"), write(v, v.branch)],
    rejected_by="settings",
    reason="second-by-hand",
    explain="Both have your line, and it did not come along: version 2 was there before somebody "
    "wrote to its file. Leave the line in version 1, take version 2 away (`sudo ostree admin "
    "undeploy`) and deploy it again.",
)
step.near_miss(
    "written below /usr",
    lambda v: [*first(v), write(v, f"{v.branch}^", f"usr/etc/{v.os}.conf"), put(v)],
    rejected_by="settings",
    reason="damaged",
    explain="A file below /usr was written to. It is one file with the repository's, so the "
    "repository has another content now than was committed. Settings belong to /etc.",
)
