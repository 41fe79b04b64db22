"""What is restarted, by the kubelet, and what is replaced, by its ReplicaSet."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    KubeEventsProbe,
    KubePodsProbe,
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
    # Of a container that was removed nobody knows how it ended; it may count as a restart or not.
    at_first = {(one.uid, container.id) for one in start.pods for container in one.containers}
    changed = [
        one.name
        for one in found.pods
        if one in restarted
        or (one.uid in earlier and any((one.uid, of.id) not in at_first for of in one.containers))
    ]
    codes = [container.last_code for one in restarted for container in one.containers]
    ends = [code for code in codes if code is not None]
    require(
        ends or not changed,
        "no-trace",
        expected=f"A pod of {v.shop} has been restarted, after its process was ended by force.",
        observed=f"{changed[0] if changed else ''} has another container, and nothing tells how "
        "the one before it ended.",
        look="kubectl get pods",
    )
    require(
        restarted,
        "not-restarted",
        expected=f"A pod of {v.shop} has been restarted.",
        observed="None has been.",
        look="kubectl get pods",
    )
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
    events, pods = await see(KubeEventsProbe(), KubePodsProbe())
    now = {one.uid for one in found.pods}
    there = {one.uid for one in pods.pods}
    gone = {one.name for one in start.pods if one.uid not in now}
    require(
        gone,
        "all-there",
        expected=f"A pod of {v.shop} has been replaced.",
        observed="All pods of the start are there.",
        look="kubectl get pods",
    )
    loose = [one.name for one in start.pods if one.uid in there - now]
    require(
        not loose,
        "let-go",
        expected="The pod that was replaced is gone.",
        observed=f"{loose[0] if loose else ''} runs on, as a pod of nobody.",
        look="kubectl get pods --show-labels",
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


def seen(v: Values) -> str:
    """Wait until the restart is told, so that `fresh` leaves that pod out."""
    restarted = f"kubectl get pods -l app={v.shop} | awk '$4 ~ /^[1-9]/' | grep -q ."
    return f"for n in $(seq 16); do {restarted} && break; sleep 0.5; done"


def deleted(v: Values) -> str:
    """Delete such a pod, once the restart of another one is seen."""
    delete = f"kubectl delete pod {fresh(v)}"
    return ByHand(f"{seen(v)}; {delete}", typed=delete)


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
ANEW = "Begin the step again: Shift+F8, or `infralab repair --reset`."
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
    "the container removed",
    lambda v: [
        on_node(f"crictl rm -f $({on_node('crictl ps -q --name web')} | head -n 1)"),
        "sleep 3",
    ],
    rejected_by="restart",
    reason="no-trace",
    explain="`crictl rm` took the container away, with all that was known of it. End the process "
    "alone: `kill -9` on the node.",
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
    explain=f"All its pods were made anew, and no way leads back to the first revision. {ANEW}",
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
    explain=f"With the Deployment all its pods went, and others were made. {ANEW}",
)
step.near_miss(
    "a pod that only lost its label",
    lambda v: [killed(), seen(v), f"kubectl label pod {fresh(v)} pod-template-hash-"],
    rejected_by="replace",
    reason="let-go",
    explain="Without the labels of the selector it belongs to nobody, and the ReplicaSet made "
    "another one in its place. Delete it.",
)
