"""Two versions of a system on one branch, and the older one out again."""

from __future__ import annotations

from lab_engine.authoring import (
    See,
    require_ostree_checkout,
    require_ostree_commit,
    require_ostree_sound,
)
from labs.atomic_updates.values import HOME, SHOWN, Values, commit, given, lab, ostree

step = lab.step("commit", resources=lambda v: [given("release", v)])

OLD = f"{HOME}/old"


@step.check("two", points=2)
async def two(see: See, v: Values) -> None:
    files = {SHOWN: "VERSION_ID=2", f"/usr/bin/{v.tool}": ""}
    await require_ostree_commit(see, v.path, v.branch, files=files)
    await require_ostree_commit(see, v.path, f"{v.branch}^", files={SHOWN: "VERSION_ID=1"})


@step.check("old", points=2, needs=("two",))
async def old(see: See, v: Values) -> None:
    await require_ostree_checkout(see, v.path, f"{v.branch}^", OLD)
    await require_ostree_sound(see, v.path)


def init(v: Values, mode: str = "bare-user-only") -> str:
    return ostree(v, f"init --mode={mode}")


def both(v: Values) -> list[str]:
    """Each of the two versions, one after the other."""
    return [init(v), "./release 1", commit(v, 1), "./release 2", commit(v, 2)]


COPIED = (
    "The files are right, but each takes room of its own. `ostree checkout` gives the very files "
    "of a repository that keeps them plain (`bare-user-only`); `cp` and `--force-copy` make copies."
)

step.solution(
    "one version after the other",
    lambda v: [*both(v), ostree(v, f"checkout --user-mode {v.branch}^ old")],
    # Without the tree of version 1 nothing is committed of it.
    explained={1: ["no-commit"], 2: ["no-commit"]},
)
step.solution(
    "by the checksum, and with hard links or not at all",
    lambda v: [
        "./release 1 && ./release 2",
        init(v),
        commit(v, 1),
        commit(v, 2),
        ostree(v, f"checkout -U -H $({ostree(v, f'rev-parse {v.branch}^')}) old"),
    ],
    explained={2: ["no-commit"]},
)
step.near_miss(
    "only the newer one",
    lambda v: [init(v), "./release 2", commit(v, 2)],
    rejected_by="two",
    reason="no-commit",
    explain="There is one commit, and nothing before it. Version 1 comes first, and version 2 on "
    "top of it, on the same branch.",
)
step.near_miss(
    "a branch for each",
    lambda v: [
        init(v),
        "./release 1",
        commit(v, 1, branch=f"{v.os}/one"),
        "./release 2",
        commit(v, 2, branch=f"{v.os}/two"),
    ],
    rejected_by="two",
    reason="no-branch",
)
step.near_miss(
    "the newer one first",
    lambda v: [init(v), "./release 2", commit(v, 2), "./release 1", commit(v, 1)],
    rejected_by="two",
    reason="other-content",
)
step.near_miss(
    "the folder around it",
    lambda v: [
        init(v),
        "mkdir whole && ./release 1 && mv v1 whole",
        commit(v, 1, tree="whole"),
        "./release 2 && rm -r whole/v1 && mv v2 whole",
        commit(v, 2, tree="whole"),
    ],
    rejected_by="two",
    reason="one-folder-deeper",
    explain="The tree begins one folder too high. What you name after `--tree=dir=` becomes the "
    "root of the system, so name the folder in which `usr` is.",
)
step.near_miss(
    "copied with cp",
    lambda v: [*both(v), "cp -r v1 old"],
    rejected_by="old",
    reason="copied",
    explain=COPIED,
)
step.near_miss(
    "checked out as copies",
    lambda v: [*both(v), ostree(v, f"checkout --user-mode --force-copy {v.branch}^ old")],
    rejected_by="old",
    reason="copied",
    explain=COPIED,
)
step.near_miss(
    "packed, as for a server",
    lambda v: [
        init(v, "archive"),
        *both(v)[1:],
        ostree(v, f"checkout --user-mode {v.branch}^ old"),
    ],
    rejected_by="old",
    reason="packed",
    explain="In this mode each file is packed, for giving it out. Who takes one out unpacks it, "
    "and that takes room. Begin anew (`rm -rf`), with the mode `bare-user-only`.",
)
step.near_miss(
    "the newest one",
    lambda v: [*both(v), ostree(v, f"checkout --user-mode {v.branch} old")],
    rejected_by="old",
    reason="other-tree",
)
step.near_miss(
    "written into",
    lambda v: [
        *both(v),
        ostree(v, f"checkout --user-mode {v.branch}^ old"),
        "echo hello >> old/usr/etc/motd",
    ],
    rejected_by="old",
    reason="damaged",
    explain="A file of the checkout was written to, and with it the repository's: it is one file "
    "with two names. Its hash is not its name any more. Begin anew, with an empty repository.",
)
