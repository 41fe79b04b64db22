"""A group made by hand, and the folder that is no group: the script's variables were empty."""

from __future__ import annotations

from lab_engine.authoring import (
    CgroupProbe,
    CgroupReading,
    CgroupsProbe,
    DirectoryProbe,
    See,
    require,
    require_group,
)


async def require_made(
    see: See, tree: str, name: str, *, memory: int | None = None, pids: int | None = None
) -> CgroupReading:
    """There is a group of this name, with these limits; see `require_group`.

    `tree` is the script's variable that leads there. Reasons: `at-the-top`, `other-name`,
    those of `require_group`.
    """
    # A reset leaves such a folder: from then on it says nothing of what was typed since.
    old = await see.before(DirectoryProbe(f"/{name}"))
    group, stray, every = await see(
        CgroupProbe(path=f"/{name}"), DirectoryProbe(f"/{name}"), CgroupsProbe()
    )
    require(
        group.exists or old.exists or not stray.exists,
        "at-the-top",
        expected=f"There is a control group /{name}, in /sys/fs/cgroup.",
        observed=f"There is only a folder /{name}: in that shell ${tree} was empty. "
        "`. ~/work/groups.sh` sets it.",
        look=f"ls -ld /{name}; find /sys/fs/cgroup -maxdepth 2 -type d",
    )
    others = [one.path for one in every.groups]
    require(
        group.exists or not others,
        "other-name",
        expected=f"There is a control group /{name}.",
        observed=f"Made by hand is only {', '.join(others[:8])}.",
        look="find /sys/fs/cgroup -maxdepth 3 -type d",
    )
    return await require_group(see, f"/{name}", memory=memory, pids=pids)
