"""What a lab may ask about containers below Docker."""

from __future__ import annotations

from lab_engine.families.runtimes.probes import (
    ContainerdContainer,
    ContainerdContainerProbe,
    ContainerdContainerReading,
    ContainerdProbe,
    ContainerdReading,
    RuntimeContainer,
    RuntimeContainerProbe,
    RuntimeContainerReading,
    RuntimeContainersProbe,
    RuntimeContainersReading,
)
from lab_engine.families.runtimes.requirements.containerd import (
    require_outlived_containerd,
    require_task,
)
from lab_engine.families.runtimes.requirements.runtime import require_runtime_container

__all__ = [
    "ContainerdContainer",
    "ContainerdContainerProbe",
    "ContainerdContainerReading",
    "ContainerdProbe",
    "ContainerdReading",
    "RuntimeContainer",
    "RuntimeContainerProbe",
    "RuntimeContainerReading",
    "RuntimeContainersProbe",
    "RuntimeContainersReading",
    "require_outlived_containerd",
    "require_runtime_container",
    "require_task",
]
