"""A node is emptied for repair, and stays in the cluster."""

from __future__ import annotations

from lab_engine.authoring import (
    KubeNodesProbe,
    KubeWorkloadProbe,
    See,
    require,
    require_workload,
)
from labs.kubernetes.values import Values, cluster, deployment, lab, manifest

EMPTIED = "w2"
SPREAD = """      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        nodeTaintsPolicy: Honor
        labelSelector: {matchLabels: {app: %s}}
      containers:
"""


def spread(v: Values) -> str:
    """The scheduler puts some on each node that is open, and all on one where only that one is."""
    return deployment(v.shop, v.count).replace("      containers:\n", SPREAD % v.shop)


step = lab.step(
    "drain",
    daemons=("docker",),
    resources=lambda v: cluster(manifest("shop", spread(v)), workers=2),
    touches=lambda v: [f"kube-node/{EMPTIED}"],
)


@step.check("drain", points=3, settle=4.0)
async def drain(see: See, v: Values) -> None:
    probe = KubeWorkloadProbe("Deployment", v.shop)
    start = await see.before(probe)
    nodes = await see(KubeNodesProbe())
    node = nodes.named(EMPTIED)
    look = "kubectl get nodes"
    require(
        node is not None,
        "gone",
        expected=f"{EMPTIED} is a node of the cluster.",
        observed="The API server knows of none.",
        look=look,
    )
    assert node is not None
    found = await require_workload(see, "Deployment", v.shop, replicas=v.count)
    on_it = [one.name for one in found.pods if one.node == EMPTIED]
    require(
        node.schedulable or not on_it,
        "only-closed",
        expected=f"No pod of {v.shop} runs on {EMPTIED}.",
        observed=f"{on_it[0] if on_it else ''} does.",
        look="kubectl get pods -o wide",
    )
    # A cordon is a taint as well, of this name.
    taints = [one for one in node.taints if ":No" in one and "unschedulable" not in one]
    require(
        not node.schedulable or not taints,
        "tainted",
        expected=f"{EMPTIED} is closed to all new pods.",
        observed=f"It is open to those that tolerate its taint {taints[0] if taints else ''}.",
        look=f"kubectl describe node {EMPTIED}",
    )
    require(
        not node.schedulable,
        "open",
        expected=f"{EMPTIED} takes no new pods.",
        observed="It does.",
        look=look,
    )
    require(
        {one.node for one in found.pods} == {"w1"},
        "other-nodes",
        expected=f"All pods of {v.shop} run on w1.",
        observed=f"They run on {', '.join(sorted({one.node for one in found.pods}))}.",
        look="kubectl get pods -o wide",
    )
    require(
        start.uid == found.uid,
        "made-anew",
        expected=f"The Deployment {v.shop} is the one that was there.",
        observed="It was deleted and made anew.",
        look=f"kubectl get deployment {v.shop}",
    )


DRAIN = f"kubectl drain {EMPTIED} --ignore-daemonsets --timeout=60s"


def ready(v: Values) -> str:
    return f"kubectl rollout status deployment {v.shop} --timeout=60s"


step.solution("drained", lambda v: [f"{DRAIN} && {ready(v)}"])
step.solution(
    "closed, and its pods deleted",
    lambda v: [
        f"kubectl cordon {EMPTIED}",
        f"kubectl delete pods -l app={v.shop} --field-selector spec.nodeName={EMPTIED} "
        f"&& {ready(v)}",
    ],
    explained={1: ["only-closed"]},
)
step.near_miss(
    "only closed",
    lambda v: [f"kubectl cordon {EMPTIED}"],
    rejected_by="drain",
    reason="only-closed",
    explain="The door is closed, and who was inside is still there. `kubectl drain` takes them "
    "out, too.",
)
step.near_miss(
    "the other node",
    lambda v: ["kubectl drain w1 --ignore-daemonsets --force --delete-emptydir-data", ready(v)],
    rejected_by="drain",
    reason="open",
)
step.near_miss(
    "drained, and open again",
    lambda v: [f"{DRAIN} && kubectl uncordon {EMPTIED} && {ready(v)}"],
    rejected_by="drain",
    reason="open",
)
step.near_miss(
    "fewer pods",
    lambda v: [DRAIN, f"kubectl scale deployment {v.shop} --replicas={v.count - 1}"],
    rejected_by="drain",
    reason="other-replicas",
)
step.near_miss(
    "emptied by a taint",
    lambda v: [f"kubectl taint node {EMPTIED} disk=bad:NoExecute", "sleep 2", ready(v)],
    rejected_by="drain",
    reason="tainted",
    explain="A taint keeps those away that do not tolerate it. What closes a node to all new pods "
    f"is `kubectl cordon {EMPTIED}`, or `drain`.",
)
