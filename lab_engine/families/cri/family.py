"""Pods of a containerd that speaks the CRI, as the one below a kubelet. It is in the pack `cri`."""

from __future__ import annotations

from typing import Final

from lab_engine.families.cri import probes
from lab_engine.families.family import Daemon, Drawn, Family, Removal

FAMILY: Final = Family(
    name="cri",
    threads=2,
    daemon=Daemon("/run/cri/containerd.sock", ("containerd",), starters=("containerd", "runc")),
    probes=(probes.CriProbe,),
    readers=("readers",),
    inventory="inventory",
    removal={"cri-pod": Removal.MACHINES},
    machinery="machinery",
    fleeting="fleeting",
    drawn={
        "cri-pod": Drawn("pod", "segment", line="─"),
        "cri-container": Drawn("container of a pod", "place", "▣"),
    },
)
