"""What is restarted, by the kubelet, and what is replaced, by its ReplicaSet."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    KubeEventsProbe,
    KubeWorkloadProbe,
    KubeWorkloadReading,
    See,
    require,
    require_workload,
)
from labs.kubernetes.values import IMAGE, Values, cluster, deployment, lab, manifest, pod

KILLED = 137
"""128 and the number of SIGKILL: so a process ends that is given no time."""

step = lab.step(
    "break",
    daemons=("docker",),
    resources=lambda v: cluster(
        manifest(
            "shop", deployment(v.shop, v.count), pod(v.loner, "busybox:1.37", command="sleep, 1d")
        )
    ),
)


async def whole(see: See, v: Values) -> tuple[KubeWorkloadReading, KubeWorkloadReading]:
    """The Deployment at the step's start and now: the same, and all its pods are ready.

    Reasons: those of `require_workload`, `made-anew`, `rolled-out`.
    """
    start = await see.before(KubeWorkloadProbe("Deployment", v.shop))
    found = await require_workload(see, "Deployment", v.shop, replicas=v.count, images=[IMAGE])
    require(
        start.uid == found.uid,
        "made-anew",
        expected=f"The Deployment {v.shop} is the one that was there.",
        observed="It was deleted and made anew.",
        look=f"kubectl get deployment {v.shop}",
    )
    require(
        start.revision == found.revision,
        "rolled-out",
        expected=f"{v.shop} is as it was rolled out at first.",
        observed=f"It is at revision {found.revision}.",
        look=f"kubectl rollout history deployment {v.shop}",
    )
    return start, found


@step.check("restart", points=2, settle=6.0)
async def restart(see: See, v: Values) -> None:
    start, found = await whole(see, v)
    earlier = {one.uid: one.restarts for one in start.pods}
    restarted = [one for one in found.pods if one.restarts > earlier.get(one.uid, 0)]
    require(
        restarted,
        "not-restarted",
        expected=f"A pod of {v.shop} has been restarted.",
        observed="None has been.",
        look="kubectl get pods",
    )
    ends = [container.last_code for one in restarted for container in one.containers]
    require(
        KILLED in ends,
        "other-end",
        expected=f"Its process was ended by force, which is exit code {KILLED}.",
        observed=f"It ended with {', '.join(map(str, ends))}.",
        look=f"kubectl describe pod {restarted[0].name}",
    )


@step.check("replace", points=2, settle=6.0)
async def replace(see: See, v: Values) -> None:
    start, found = await whole(see, v)
    events = await see(KubeEventsProbe())
    now = {one.uid for one in found.pods}
    gone = {one.name for one in start.pods if one.uid not in now}
    require(
        gone,
        "all-there",
        expected=f"A pod of {v.shop} has been replaced.",
        observed="All pods of the start are there.",
        look="kubectl get pods",
    )
    # A ReplicaSet that has too many ends one itself, and says so.
    told = [one.message for one in events.events if one.reason == "SuccessfulDelete"]
    require(
        not all(any(name in text.split() for text in told) for name in gone),
        "scaled",
        expected="The pod was deleted, and the wish for it was left as it was.",
        observed="The Deployment wanted fewer for a while.",
        look=f"kubectl describe deployment {v.shop}",
    )


def on_node(command: str) -> str:
    return f"docker exec w1 {command}"


def killed(signal: str = "-9", *, name: str = "web") -> str:
    """End the process of the first container of this name, and wait until it runs again."""
    number = f"$({on_node(f'crictl ps -q --name {name}')} | head -n 1)"
    return (
        f"ID={number} && PID=$({on_node('crictl inspect $ID')} | jq .info.pid) && "
        f"{on_node(f'kill {signal} $PID')}"
    )


def fresh(v: Values) -> str:
    """The name of a pod that was not restarted."""
    return f"$(kubectl get pods -l app={v.shop} | awk '$4 == 0 {{print $1}}' | head -n 1)"


def deleted(v: Values) -> str:
    """Delete such a pod, once the restart of another one is seen."""
    restarted = f"kubectl get pods -l app={v.shop} | awk '$4 ~ /^[1-9]/' | grep -q ."
    delete = f"kubectl delete pod {fresh(v)}"
    wait = f"for n in $(seq 16); do {restarted} && break; sleep 0.5; done"
    return ByHand(f"{wait}; {delete}", typed=delete)


def scaled(v: Values, count: int) -> str:
    return f"kubectl scale deployment {v.shop} --replicas={count}"


step.solution("killed, then another one deleted", lambda v: [killed(), deleted(v)])
step.solution(
    "deleted, then one of the old ones killed",
    lambda v: [
        f"kubectl delete pod $(kubectl get pods -l app={v.shop} -o name | head -n 1 | cut -d/ -f2)"
        f" && kubectl rollout status deployment {v.shop} --timeout=60s",
        "docker exec w1 crictl stop -t 0 $(docker exec w1 crictl ps -q --name web | tail -n 1)",
    ],
)
step.near_miss(
    "the wrong one",
    lambda v: [killed(name="main"), f"kubectl delete pod {fresh(v)}"],
    rejected_by="restart",
    reason="not-restarted",
)
step.near_miss(
    "deleted only",
    lambda v: [f"kubectl delete pod {fresh(v)}"],
    rejected_by="restart",
    reason="not-restarted",
)
step.near_miss(
    "killed only",
    lambda v: [killed()],
    rejected_by="replace",
    reason="all-there",
)
step.near_miss(
    "scaled down, and up again",
    lambda v: [killed(), "sleep 4", scaled(v, v.count - 1), "sleep 2", scaled(v, v.count)],
    rejected_by="replace",
    reason="scaled",
    explain="The Deployment wanted fewer pods, so its ReplicaSet took one away itself. Delete a "
    "pod while it is wanted.",
)
step.near_miss(
    "rolled out anew",
    lambda v: [
        killed(),
        f"kubectl rollout restart deployment {v.shop}",
        f"kubectl rollout status deployment {v.shop} --timeout=60s",
    ],
    rejected_by="replace",
    reason="rolled-out",
)
step.near_miss(
    "the Deployment made anew",
    lambda v: [
        f"kubectl get deployment {v.shop} -o json | jq 'del(.metadata.uid, "
        ".metadata.resourceVersion, .metadata.annotations)' > shop.json",
        f"kubectl delete deployment {v.shop}",
        "kubectl create -f shop.json",
    ],
    rejected_by="replace",
    reason="made-anew",
)
