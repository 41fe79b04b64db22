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
CONTAINER = "spec.template.spec.containers.0"
READY = f"{CONTAINER}.readinessProbe"
PROBE = f"{READY}.httpGet.path"
OTHERS = {
    "livenessProbe": f"{CONTAINER}.livenessProbe",
    "startupProbe": f"{CONTAINER}.startupProbe",
}
FIELDS = (READY, PROBE, *OTHERS.values())

step = lab.step("deployment", daemons=("docker",), resources=lambda v: cluster())


@step.check("deploy", points=3, settle=4.0)
async def deploy(see: See, v: Values) -> None:
    elsewhere = await see(KubeObjectsProbe(DEPLOYMENTS, "", fields=FIELDS))
    spaces = [one.namespace for one in elsewhere.objects if one.name == v.shop]
    require(
        "default" in spaces or not spaces,
        "other-namespace",
        expected=f"There is a Deployment {v.shop} in the namespace default.",
        observed=f"There is one in {', '.join(spaces)}.",
        look="kubectl get deployments -A",
    )
    found = await require_workload(see, "Deployment", v.shop, replicas=v.count, images=[IMAGE])
    other = next((one for one in found.pods if one.labels.get("app") != v.shop), None)
    label = other.labels.get("app") if other else v.shop
    require(
        other is None,
        "other-label" if label else "no-label",
        expected=f"Its pods have the label app={v.shop}.",
        observed=f"One of them has app={label}." if label else "One of them has no label app.",
        look="kubectl get pods --show-labels",
    )
    fields = next(
        one.fields for one in elsewhere.objects if (one.name, one.namespace) == (v.shop, "default")
    )
    ready, asked = fields.get(READY), fields.get(PROBE)
    others = [name for name, path in OTHERS.items() if fields.get(path)]
    look = f"kubectl get deployment {v.shop} -o yaml"
    require(
        ready or not others,
        "probe-for-other",
        expected="The template has a readinessProbe.",
        observed=f"It has none, but a {', '.join(others)}.",
        look=look,
    )
    require(
        not ready or asked is not None,
        "other-way",
        expected="The readiness probe is a question for a page, httpGet.",
        observed="It is one of another kind.",
        look=look,
    )
    require(
        asked == "/ready",
        "no-probe" if asked is None else "other-probe",
        expected="The kubelet asks its pods for the page /ready.",
        observed="It asks for none." if asked is None else f"It asks for {asked}.",
        look=look,
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
    "a label of another name",
    lambda v: [
        *applied(v, deployment(v.shop, v.count).replace(f"app: {v.shop}", f"shop: {v.shop}")),
        rolled_out(v),
    ],
    rejected_by="deploy",
    reason="no-label",
)
step.near_miss(
    "without a probe",
    lambda v: applied(v, deployment(v.shop, v.count).partition("        readinessProbe")[0]),
    rejected_by="deploy",
    reason="no-probe",
    explain="Its pods count as ready as soon as they run, since nobody asks them. The probe is "
    "three lines of the template.",
)
step.near_miss(
    "the probe that restarts",
    lambda v: [
        *applied(v, deployment(v.shop, v.count).replace("readinessProbe", "livenessProbe")),
        rolled_out(v),
    ],
    rejected_by="deploy",
    reason="probe-for-other",
    explain="The kubelet asks, but not whether visitors may come: a liveness probe has a pod's "
    "container restarted, a startup probe has the others wait. Only `readinessProbe` makes a pod "
    "ready, or not.",
)
step.near_miss(
    "a probe that only knocks",
    lambda v: [
        *applied(
            v, deployment(v.shop, v.count).replace("httpGet: {path: /ready, ", "tcpSocket: {")
        ),
        rolled_out(v),
    ],
    rejected_by="deploy",
    reason="other-way",
)
step.near_miss(
    "another page",
    lambda v: [
        *applied(v, deployment(v.shop, v.count).replace("path: /ready", "path: /")),
        rolled_out(v),
    ],
    rejected_by="deploy",
    reason="other-probe",
)
