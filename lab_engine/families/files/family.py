"""Files, folders, mounts, loop devices and limits in the bench."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Family, Removal
from lab_engine.families.files import probes, resources

FAMILY: Final = Family(
    name="files",
    threads=4,
    resources={
        resources.File: "file:FileProvider",
        resources.Directory: "directory:DirectoryProvider",
        resources.Mount: "mount:MountProvider",
        resources.Tmpfs: "tmpfs:TmpfsProvider",
    },
    probes=(
        probes.CgroupProbe,
        probes.DirectoryProbe,
        probes.DiskUsageProbe,
        probes.FileProbe,
        probes.MountProbe,
        probes.MountsProbe,
    ),
    readers=("readers",),
    topics={
        "file": "events:FileEvents",
        "mount": "events:FileEvents",
        "netns": "events:FileEvents",
    },
    inventory="inventory",
    removal={
        "mount": Removal.ATTACHMENTS,
        "loop": Removal.ATTACHMENTS,
        "file": Removal.FILES,
    },
    mended=("mount",),
    copies="copies",
    fleeting="fleeting",
)
