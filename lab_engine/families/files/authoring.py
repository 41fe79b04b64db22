"""What a lab may ask for and ask about of files and mounts."""

from __future__ import annotations

from lab_engine.common.kindly import as_read
from lab_engine.families.files.probes import (
    CgroupProbe,
    CgroupReading,
    DirectoryProbe,
    DirectoryReading,
    DiskUsageProbe,
    DiskUsageReading,
    FileProbe,
    FileReading,
    MountProbe,
    MountReading,
    MountsProbe,
    MountsReading,
)
from lab_engine.families.files.requirements.files import (
    require_answer,
    require_bare,
    require_file,
    require_line_added,
    require_mount,
    require_read_only,
    require_same_file,
)
from lab_engine.families.files.resources import (
    Directory,
    File,
    Mount,
    Tmpfs,
)

__all__ = [
    "CgroupProbe",
    "CgroupReading",
    "Directory",
    "DirectoryProbe",
    "DirectoryReading",
    "DiskUsageProbe",
    "DiskUsageReading",
    "File",
    "FileProbe",
    "FileReading",
    "Mount",
    "MountProbe",
    "MountReading",
    "MountsProbe",
    "MountsReading",
    "Tmpfs",
    "as_read",
    "require_answer",
    "require_bare",
    "require_file",
    "require_line_added",
    "require_mount",
    "require_read_only",
    "require_same_file",
]
