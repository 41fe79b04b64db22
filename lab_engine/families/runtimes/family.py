"""runc, crun and containerd: what a learner runs with them, without Docker."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family, Removal
from lab_engine.families.runtimes import probes

FAMILY: Final = Family(
    name="runtimes",
    threads=4,
    probes=(
        probes.RuntimeContainerProbe,
        probes.RuntimeContainersProbe,
        probes.ContainerdContainerProbe,
        probes.ContainerdProbe,
    ),
    readers=("readers",),
    inventory="inventory",
    removal={
        "runtime-container": Removal.MACHINES,
        "containerd-container": Removal.MACHINES,
        "containerd-image": Removal.STORES,
        "containerd-namespace": Removal.STORES,
    },
    fleeting="fleeting",
    drawn={
        "runtime-container": Drawn("container of a runtime", "place", "▣"),
        "containerd-container": Drawn("container of containerd", "place", "▣"),
        "containerd-namespace": Drawn("containerd namespace", "segment", line="╌"),
    },
)
