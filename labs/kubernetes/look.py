"""What a cluster is made of: who runs where, and who starts the first programs."""

from __future__ import annotations

from lab_engine.authoring import (
    KubeNodesProbe,
    KubeObject,
    KubeObjectsProbe,
    KubePod,
    KubePodsProbe,
    See,
    as_read,
    require,
    require_file,
)
from labs.kubernetes.values import FOUND, Values, cluster, lab, manifest, pod, written

BUSYBOX = "busybox:1.37"
SLEEP = "sleep, 1d"
LEAST_DIGITS = 12
"""As few of an id as any tool prints."""
A_DAY = ("sleep 1d", "sleep 24h", "sleep 1440m", "sleep 86400s", "sleep 86400")
"""The ways to say it that the sleep of busybox knows."""
COMMAND = "spec.containers.0.command"
WORDS = "spec.containers.0.args"

step = lab.step(
    "look",
    daemons=("docker",),
    resources=lambda v: cluster(
        manifest(
            "birds",
            pod(v.bird, BUSYBOX, command=SLEEP, node=v.bird_node),
            pod(v.other_bird, BUSYBOX, command=SLEEP, node=v.other_node),
        )
    ),
)


@step.check("find", points=2)
async def find(see: See, v: Values) -> None:
    # Before the file: a check has to look at the cluster even when nothing was written.
    pods, nodes = await see(KubePodsProbe(), KubeNodesProbe())
    names = [one.name for one in nodes.nodes]
    words = as_read((await require_file(see, FOUND)).content.replace(",", " ")).split()
    look = f"cat {FOUND}"
    require(
        len(words) == 2,
        "not-two-words",
        expected=f"{FOUND} has two words: a node and an id.",
        observed=f"It has {len(words)}.",
        look=look,
    )
    bird = pods.named(v.bird)
    require(
        bird is not None and bird.ready,
        "no-bird",
        expected=f"The pod {v.bird} runs, as at the start of the step.",
        observed="It does not.",
        look="kubectl get pods -o wide",
    )
    assert bird is not None
    node, given = words[0], words[1].lower().partition("containerd://")
    require(
        words[1] not in names,
        "other-order",
        expected="First the node, then the id.",
        observed=f"The node {words[1]} is the second word.",
        look=look,
    )
    require(
        node in names,
        "no-node",
        expected=f"The first word is the name of a node: {' or '.join(names)}.",
        observed=f"It is {node[:64]!r}.",
        look="kubectl get nodes",
    )
    require(
        node == bird.node,
        "other-node",
        expected=f"The first word is the node on which {v.bird} runs.",
        observed=f"It is {node!r}.",
        look="kubectl get pods -o wide",
    )
    number = given[2] or given[0]
    whole = bird.containers[0].id.removeprefix("containerd://")
    require(
        len(number) >= LEAST_DIGITS and whole.startswith(number),
        "other-id",
        expected=f"The second word is the id of the container of {v.bird}.",
        observed=f"It is {number[:72]!r}.",
        look=f"docker exec {bird.node} crictl ps",
    )


def spoken(found: KubeObject | None) -> str:
    """What the first container of a pod runs, as somebody would type it."""
    if found is None:
        return ""
    fields = found.fields
    words = [str(word) for key in (COMMAND, WORDS) for word in fields.get(key) or ()]
    if [word.rpartition("/")[2] for word in words[:2]] == ["sh", "-c"]:
        words = " ".join(words[2:]).removeprefix("exec ").split()
    return " ".join([word.rpartition("/")[2] for word in words[:1]] + words[1:])


def mirror_of(pods: tuple[KubePod, ...], name: str) -> KubePod | None:
    """The pod of this name that a kubelet told of, else any other one, in whichever namespace."""
    same = [one for one in pods if one.name == name]
    return next((one for one in same if one.owners == ("Node/w1",)), same[0] if same else None)


@step.check("static", points=2, settle=6.0)
async def static(see: See, v: Values) -> None:
    # Of all namespaces: the file says in which one its pod shall be, and the task does not.
    fields = (COMMAND, WORDS)
    pods, objects = await see(KubePodsProbe(""), KubeObjectsProbe("v1/pods", "", fields=fields))
    mirror = f"{v.guard}-w1"
    look = "kubectl get pods -A -o wide"
    found = mirror_of(pods.pods, mirror)
    require(
        found is not None or pods.named(f"{v.guard}-cp") is None,
        "other-node",
        expected=f"{v.guard} runs on w1.",
        observed="It runs on cp.",
        look=look,
    )
    require(
        found is not None or pods.named(v.guard) is None,
        "asked-for",
        expected=f"{v.guard} was started by the kubelet of w1, from a file.",
        observed="The API server was asked for it.",
        look=look,
    )
    require(
        found is not None or pods.named(f"{mirror}-w1") is None,
        "node-twice",
        expected=f"The API server knows of a pod {mirror}.",
        observed=f"It knows of {mirror}-w1.",
        look=look,
    )
    require(
        found is not None,
        "absent",
        expected=f"The API server knows of a pod {mirror}.",
        observed="It knows of none.",
        look=look,
    )
    assert found is not None
    space = f"-n {found.namespace} "
    require(
        found.owners == ("Node/w1",),
        "asked-for",
        expected=f"{v.guard} was started by the kubelet of w1, from a file.",
        observed="The API server was asked for it.",
        look=f"kubectl {space}get pod {mirror} -o yaml",
    )
    require(
        [one.image for one in found.containers] == [BUSYBOX],
        "other-image",
        expected=f"It has one container, of {BUSYBOX}.",
        observed=f"It has {', '.join(one.image for one in found.containers)}.",
        look=f"kubectl {space}describe pod {mirror}",
    )
    runs = spoken(next((one for one in objects.objects if one.uid == found.uid), None))
    require(
        runs in A_DAY,
        "other-command",
        expected="Its command is sleep 1d.",
        observed=f"It is {runs[:72]}." if runs else "It has none of its own.",
        look=f"kubectl {space}get pod {mirror} -o yaml",
    )
    require(
        found.ready,
        "not-ready",
        expected=f"The pod {mirror} is ready.",
        observed=f"It is not: {found.why or found.phase}",
        look=f"kubectl {space}describe pod {mirror}",
    )


@step.answer("address")
async def address(see: See, v: Values) -> list[str]:
    """That of the pod that the learner looks for."""
    pods = await see(KubePodsProbe())
    bird = pods.named(v.bird)
    require(
        bird is not None and bird.address,
        "no-bird",
        expected=f"The pod {v.bird} runs.",
        observed="It does not.",
        look="kubectl get pods -o wide",
    )
    assert bird is not None
    return [bird.address]


def noted(node: str, number: str) -> str:
    return f"echo {node} {number} > {FOUND}"


def listed(node: str) -> str:
    return f"$(docker exec {node} crictl ps -q --name main)"


def guard(
    v: Values,
    *,
    name: str = "",
    image: str = BUSYBOX,
    command: str = SLEEP,
    namespace: str = "default",
) -> str:
    # Not called as the birds' containers are: it may be on the node of the one that is looked for.
    text = pod(name or v.guard, image, command=command).replace("- name: main", "- name: only")
    return written(
        "guard.yaml", text.replace("metadata: {", f"metadata: {{namespace: {namespace}, ")
    )


def placed(node: str, folder: str = "/etc/kubernetes/manifests") -> str:
    return f"docker cp guard.yaml {node}:{folder}/"


def both(v: Values) -> str:
    return noted(v.bird_node, listed(v.bird_node))


step.solution(
    "by crictl, and a file copied there",
    lambda v: [both(v), guard(v), placed("w1")],
)
step.solution(
    "by kubectl, and a file written there",
    lambda v: [
        noted(
            f"$(kubectl get pod {v.bird} -o jsonpath='{{.spec.nodeName}}')",
            f"$(kubectl get pod {v.bird} -o jsonpath='{{.status.containerStatuses[0]."
            "containerID}')",
        ),
        f"kubectl run {v.guard} --image={BUSYBOX} --dry-run=client -o yaml -- sleep 1d | "
        f"docker exec -i w1 tee /etc/kubernetes/manifests/{v.guard}.yml",
    ],
)
step.solution(
    "a file as those of the control plane, with another way to say a day",
    lambda v: [
        both(v),
        guard(v, command="/bin/sh, -c, exec sleep 86400", namespace="kube-system"),
        placed("w1"),
    ],
)
step.near_miss(
    "the other bird's",
    lambda v: [noted(v.other_node, listed(v.other_node))],
    rejected_by="find",
    reason="other-node",
    explain="There are two birds, on two nodes. `kubectl get pods -o wide` tells which is where.",
)
step.near_miss(
    "the right node, the other bird's container",
    lambda v: [noted(v.bird_node, listed(v.other_node))],
    rejected_by="find",
    reason="other-id",
)
step.near_miss(
    "the id of the pod",
    lambda v: [noted(v.bird_node, f"$(docker exec {v.bird_node} crictl pods -q --name {v.bird})")],
    rejected_by="find",
    reason="other-id",
)
step.near_miss(
    "the id first",
    lambda v: [noted(listed(v.bird_node), v.bird_node)],
    rejected_by="find",
    reason="other-order",
)
step.near_miss(
    "the node's address",
    lambda v: [noted("172.30.0.10", listed(v.bird_node))],
    rejected_by="find",
    reason="no-node",
)
step.near_miss(
    "the id alone",
    lambda v: [noted("", listed(v.bird_node))],
    rejected_by="find",
    reason="not-two-words",
)
step.near_miss(
    "by the API server",
    lambda v: [guard(v), "kubectl apply -f guard.yaml"],
    rejected_by="static",
    reason="asked-for",
    explain="The API server was asked for it. A static pod is a file in the kubelet's own folder "
    "on the node, and nobody is asked.",
)
step.near_miss(
    "on the control plane",
    lambda v: [guard(v), placed("cp")],
    rejected_by="static",
    reason="other-node",
    explain="That is the kubelet of cp. Each reads the folder of its own node.",
)
step.near_miss(
    "beside the folder",
    lambda v: [guard(v), placed("w1", "/etc/kubernetes")],
    rejected_by="static",
    reason="absent",
)
step.near_miss(
    "an image that no node has",
    lambda v: [guard(v, image="busybox:9"), placed("w1")],
    rejected_by="static",
    reason="other-image",
)
step.near_miss(
    "twice as long",
    lambda v: [guard(v, command="sleep, 2d"), placed("w1")],
    rejected_by="static",
    reason="other-command",
)
step.near_miss(
    "another program",
    lambda v: [guard(v, command="tail, -f, /dev/null"), placed("w1")],
    rejected_by="static",
    reason="other-command",
)
step.near_miss(
    "the node in its name",
    lambda v: [guard(v, name=f"{v.guard}-w1"), placed("w1")],
    rejected_by="static",
    reason="node-twice",
    explain="The kubelet puts the name of its node behind the pod's own, so it stands there twice. "
    "In the file it is the name alone.",
)
