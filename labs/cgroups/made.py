"""A group made by hand, and the folder that is no group: the script's variables were empty."""

from __future__ import annotations

from lab_engine.authoring import (
    CgroupProbe,
    CgroupReading,
    DirectoryProbe,
    See,
    require,
    require_group,
)

EMPTY = (
    "In that shell the variable before the slash was empty, so the folder lies at the top of the "
    "machine and is no group. Read the names with `. ~/work/groups.sh`, and make the group."
)
"""The explanation of `at-the-top`."""


async def require_made(
    see: See, name: str, *, memory: int | None = None, pids: int | None = None
) -> CgroupReading:
    """There is a group of this name, with these limits; see `require_group`.

    Reasons: `at-the-top`, those of `require_group`.
    """
    group, stray = await see(CgroupProbe(path=f"/{name}"), DirectoryProbe(f"/{name}"))
    require(
        group.exists or not stray.exists,
        "at-the-top",
        expected=f"There is a control group /{name}, in /sys/fs/cgroup.",
        observed=f"There is a folder /{name}, which is none.",
        look=f"ls -ld /{name}; find /sys/fs/cgroup -maxdepth 2 -type d",
    )
    return await require_group(see, f"/{name}", memory=memory, pids=pids)
