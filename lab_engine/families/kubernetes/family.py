"""Kubernetes in the bench: a cluster whose nodes are containers of the bench's Docker engine."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family, Removal, Shell
from lab_engine.families.kubernetes import probes, resources

FAMILY: Final = Family(
    name="kubernetes",
    pack="kubernetes",
    threads=8,
    resources={
        resources.Cluster: "cluster:ClusterProvider",
        resources.Manifest: "manifest:ManifestProvider",
        resources.Registry: "registry:RegistryProvider",
        resources.SimulatedNodes: "simulated:SimulatedProvider",
    },
    probes=probes.PROBES,
    readers=("readers",),
    places={"pod": "within"},
    topics={"kube": "events:KubeEvents"},
    inventory="inventory",
    removal={
        "kube": Removal.PROCESSES,
        "kube-node": Removal.PROCESSES,
        "kube-static": Removal.PROCESSES,
        "registry": Removal.MACHINES,
        "pushed": Removal.MACHINES,
        "cluster": Removal.MACHINES,
    },
    mended=("cluster", "registry", "pushed", "kube-node", "kube-static"),
    within={"kube": "manifest", "pushed": "registry"},
    interfaces="interfaces",
    fleeting="fleeting",
    drawn={
        "pod": Drawn("pod", "place", "◉"),
        "kube-service": Drawn("service", "segment", line="─"),
        "claim": Drawn("claim", "store", "▤", "░"),
    },
    shells={
        "pod": Shell(
            ("kubectl", "exec", "-it", "{}", "--", "sh"),
            "◉",
            ("kubectl", "exec", "-i", "{}", "--", "sh"),
        )
    },
)
