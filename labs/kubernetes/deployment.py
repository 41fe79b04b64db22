"""A Deployment, from a file that the learner writes."""

from __future__ import annotations

from lab_engine.authoring import KubeObjectsProbe, See, require, require_pods, require_workload
from labs.kubernetes.values import (
    IMAGE,
    NEXT_IMAGE,
    PORT,
    Values,
    cluster,
    deployment,
    lab,
    pod,
    written,
)

DEPLOYMENTS = "apps/v1/deployments"
PROBE = "spec.template.spec.containers.0.readinessProbe.httpGet.path"

step = lab.step("deployment", daemons=("docker",), resources=lambda v: cluster())


@step.check("deploy", points=3, settle=4.0)
async def deploy(see: See, v: Values) -> None:
    elsewhere = await see(KubeObjectsProbe(DEPLOYMENTS, "", fields=(PROBE,)))
    spaces = [one.namespace for one in elsewhere.objects if one.name == v.shop]
    require(
        "default" in spaces or not spaces,
        "other-namespace",
        expected=f"There is a Deployment {v.shop} in the namespace default.",
        observed=f"There is one in {', '.join(spaces)}.",
        look="kubectl get deployments -A",
    )
    found = await require_workload(see, "Deployment", v.shop, replicas=v.count, images=[IMAGE])
    labels = [one.labels.get("app") for one in found.pods]
    require(
        set(labels) == {v.shop},
        "other-label",
        expected=f"Its pods have the label app={v.shop}.",
        observed=f"The label app of one of them is {next(one for one in labels if one != v.shop)}."
        if set(labels) - {v.shop}
        else "They have none.",
        look="kubectl get pods --show-labels",
    )
    asked = next(
        one.fields.get(PROBE)
        for one in elsewhere.objects
        if (one.name, one.namespace) == (v.shop, "default")
    )
    require(
        asked == "/ready",
        "no-probe" if asked is None else "other-probe",
        expected="The kubelet asks its pods for the page /ready.",
        observed="It asks for none." if asked is None else f"It asks for {asked}.",
        look=f"kubectl get deployment {v.shop} -o yaml",
    )
    await require_pods(see, {"app": v.shop}, count=v.count)


def applied(v: Values, text: str, options: str = "") -> list[str]:
    return [written("shop.yaml", text), f"kubectl apply {options}-f shop.yaml"]


def rolled_out(v: Values, options: str = "") -> str:
    return f"kubectl rollout status {options}deployment {v.shop} --timeout=60s"


def as_replicaset(v: Values) -> str:
    whole = deployment(v.shop, v.count).replace("kind: Deployment", "kind: ReplicaSet")
    return whole.replace("  progressDeadlineSeconds: 600\n", "")


PATCH = (
    '{"spec": {"template": {"spec": {"containers": [{"name": "web", "readinessProbe": '
    f'{{"httpGet": {{"path": "/ready", "port": {PORT}}}, "periodSeconds": 1}}}}]}}}}}}}}'
)

step.solution(
    "from a file",
    lambda v: [
        written("shop.yaml", deployment(v.shop, v.count)),
        f"kubectl apply -f shop.yaml && {rolled_out(v)}",
    ],
)
step.solution(
    "made by kubectl, and patched",
    lambda v: [
        f"kubectl create deployment {v.shop} --image={IMAGE}",
        f"kubectl patch deployment {v.shop} -p '{PATCH}'",
        f"kubectl scale deployment {v.shop} --replicas={v.count} && {rolled_out(v)}",
    ],
    explained={1: ["no-probe"]},
)
step.near_miss(
    "pods by hand",
    lambda v: [
        *(written(f"{n}.yaml", pod(f"{v.shop}-{n}", IMAGE)) for n in range(v.count)),
        f"kubectl apply {' '.join(f'-f {n}.yaml' for n in range(v.count))}",
    ],
    rejected_by="deploy",
    reason="absent",
)
step.near_miss(
    "a ReplicaSet",
    lambda v: applied(v, as_replicaset(v)),
    rejected_by="deploy",
    reason="absent",
)
step.near_miss(
    "in another namespace",
    lambda v: [
        "kubectl create namespace town",
        *applied(v, deployment(v.shop, v.count), "-n town "),
        rolled_out(v, "-n town "),
    ],
    rejected_by="deploy",
    reason="other-namespace",
    explain="`-n` put it into another namespace. Without it, it goes into `default`.",
)
step.near_miss(
    "one too few",
    lambda v: applied(v, deployment(v.shop, v.count - 1)),
    rejected_by="deploy",
    reason="other-replicas",
)
step.near_miss(
    "the next version",
    lambda v: applied(v, deployment(v.shop, v.count, image=NEXT_IMAGE)),
    rejected_by="deploy",
    reason="other-images",
)
step.near_miss(
    "a probe at a port where nobody waits",
    lambda v: applied(v, deployment(v.shop, v.count).replace(f"port: {PORT}", "port: 80")),
    rejected_by="deploy",
    reason="not-ready",
)
step.near_miss(
    "another label",
    lambda v: applied(v, deployment(v.shop, v.count).replace(f"app: {v.shop}", "app: cart")),
    rejected_by="deploy",
    reason="other-label",
)
step.near_miss(
    "without a probe",
    lambda v: applied(v, deployment(v.shop, v.count).partition("        readinessProbe")[0]),
    rejected_by="deploy",
    reason="no-probe",
    explain="Its pods count as ready as soon as they run, since nobody asks them. The probe is "
    "three lines of the template.",
)
