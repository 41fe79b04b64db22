"""One name in front of the pods of a Deployment."""

from __future__ import annotations

from lab_engine.authoring import HttpProbe, Look, See, place, require, require_endpoints
from labs.kubernetes.values import Values, cluster, deployment, lab, manifest, pod, written

step = lab.step(
    "service",
    daemons=("docker",),
    resources=lambda v: cluster(
        manifest("shop", deployment(v.shop, v.count), pod(v.friend, "tools:1", command="sleep, 1d"))
    ),
)


@step.check("service", points=3, settle=3.0)
async def service(see: See, v: Values) -> None:
    await require_endpoints(see, v.shop, count=v.count)
    page = await see(HttpProbe(f"http://{v.shop}/", place.pod(v.friend)))
    asked = f"kubectl exec {v.friend} -- curl -s -m 3 http://{v.shop}/"
    require(
        page.status,
        "silent",
        expected=f"Asked from {v.friend}, http://{v.shop}/ answers.",
        observed=f"It does not ({page.problem}).",
        look=Look(asked, fails=True),
    )
    require(
        page.ok and f"on {v.shop}-" in page.body,
        "other-page",
        expected=f"One of the pods of {v.shop} answers.",
        observed=f"The answer is {page.status}: {page.body.strip()[:60]}",
        look=asked,
    )


def text(v: Values, *, name: str = "", app: str = "", port: int = 80, target: int = 8080) -> str:
    return f"""apiVersion: v1
kind: Service
metadata:
  name: {name or v.shop}
spec:
  selector:
    app: {app or v.shop}
  ports:
  - port: {port}
    targetPort: {target}
"""


def applied(wanted: str) -> list[str]:
    return [written("service.yaml", wanted), "kubectl apply -f service.yaml"]


step.solution("from a file", lambda v: applied(text(v)))
step.solution(
    "by kubectl expose",
    lambda v: [f"kubectl expose deployment {v.shop} --port=80 --target-port=8080"],
)
step.near_miss(
    "another name",
    lambda v: applied(text(v, name="cart")),
    rejected_by="service",
    reason="absent",
)
step.near_miss(
    "a label that no pod has",
    lambda v: applied(text(v, app="cart")),
    rejected_by="service",
    reason="no-endpoints",
    explain="No ready pod bears the label that the service selects. Compare it with "
    "`kubectl get pods --show-labels`.",
)
step.near_miss(
    "the label of the one who asks",
    lambda v: applied(text(v, app=v.friend)),
    rejected_by="service",
    reason="other-count",
)
step.near_miss(
    "no other port for the pods",
    lambda v: applied(text(v, target=80)),
    rejected_by="service",
    reason="no-answer",
    explain="The service leads to a port of the pods at which nobody waits. `targetPort` is where "
    "their program does.",
)
step.near_miss(
    "asked at the port of the pods",
    lambda v: applied(text(v, port=8080)),
    rejected_by="service",
    reason="silent",
)
step.near_miss(
    "without an address of its own",
    lambda v: applied(text(v).replace("spec:\n", "spec:\n  clusterIP: None\n")),
    rejected_by="service",
    reason="silent",
)
