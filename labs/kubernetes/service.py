"""One name in front of the pods of a Deployment."""

from __future__ import annotations

from lab_engine.authoring import (
    HttpProbe,
    KubeObjectsProbe,
    KubeServiceProbe,
    KubeWorkloadProbe,
    Look,
    See,
    place,
    require,
    require_endpoints,
)
from labs.kubernetes.values import IMAGE, Values, cluster, deployment, lab, manifest, pod, written

step = lab.step(
    "service",
    daemons=("docker",),
    resources=lambda v: cluster(
        manifest("shop", deployment(v.shop, v.count), pod(v.friend, "tools:1", command="sleep, 1d"))
    ),
)


@step.check("service", points=3, settle=3.0)
async def service(see: See, v: Values) -> None:
    services = await see(KubeObjectsProbe("v1/services", ""))
    spaces = [one.namespace for one in services.objects if one.name == v.shop]
    require(
        "default" in spaces or not spaces,
        "other-namespace",
        expected=f"There is a service {v.shop} in the namespace default.",
        observed=f"There is one in {', '.join(spaces)}.",
        look="kubectl get services -A",
    )
    found, shop = await see(KubeServiceProbe(v.shop), KubeWorkloadProbe("Deployment", v.shop))
    describe = f"kubectl describe service {v.shop}"
    require(
        found.type != "ExternalName",
        "external",
        expected=f"The service {v.shop} leads to pods.",
        observed="It is of the type ExternalName: its name stands for another name.",
        look=describe,
    )
    # By their addresses: a service with two ports has each pod twice among its endpoints.
    homes = {one.address for one in found.endpoints if one.ready}
    require(
        not homes or len(homes) == v.count,
        "other-count",
        expected=f"{v.count} ready pods are behind {v.shop}.",
        observed=f"There are {len(homes)}.",
        look=f"kubectl get endpointslices -l kubernetes.io/service-name={v.shop}",
    )
    ready = await require_endpoints(see, v.shop)
    require(
        found.selector,
        "no-selector",
        expected=f"The service {v.shop} finds its pods by a label.",
        observed="It selects none: its endpoints were written by hand.",
        look=describe,
    )
    own = {one.name for one in shop.pods}
    others = [one.pod or one.address for one in ready if one.pod not in own]
    require(
        not others,
        "other-pods",
        expected=f"Behind it are the pods of the Deployment {v.shop}.",
        observed=f"{others[0] if others else ''} is, too.",
        look=describe,
    )
    require(
        found.address != "None",
        "headless",
        expected=f"The service {v.shop} has an address of its own.",
        observed="It has none: its name stands for those of the pods.",
        look=describe,
    )
    ports = [one.port for one in found.ports]
    require(
        80 in ports,
        "other-port",
        expected=f"The service {v.shop} is asked at port 80.",
        observed=f"It is asked at {', '.join(map(str, ports))}.",
        look=describe,
    )
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


def by_hand(v: Values) -> str:
    """A service without a selector, and the addresses of the pods as they are now.

    As Endpoints, the older kind, since these go with their service.
    """
    return (
        f"kubectl create service clusterip {v.shop} --tcp=80:8080 --dry-run=client -o json | "
        "jq 'del(.spec.selector)' | kubectl apply -f - && "
        f'kubectl get pods -l app={v.shop} -o json | jq \'{{apiVersion: "v1", '
        f'kind: "Endpoints", metadata: {{name: "{v.shop}"}}, subsets: [{{'
        'ports: [{name: "80-8080", port: 8080}], addresses: [.items[] | {ip: .status.podIP, '
        'targetRef: {kind: "Pod", namespace: "default", name: .metadata.name}}]}]}\' | '
        "kubectl apply -f -"
    )


BESIDE = """  - name: beside
    port: 8080
    targetPort: 8080
  - name: http
    port: 80
"""


def applied(wanted: str) -> list[str]:
    return [written("service.yaml", wanted), "kubectl apply -f service.yaml"]


step.solution("from a file", lambda v: applied(text(v)))
step.solution(
    "by kubectl expose",
    lambda v: [f"kubectl expose deployment {v.shop} --port=80 --target-port=8080"],
)
step.solution(
    "with a second port",
    lambda v: applied(text(v).replace("  - port: 80\n", BESIDE)),
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
    reason="other-port",
    explain="`port` is where the service is asked. `http://` without a number means 80.",
)
step.near_miss(
    "without an address of its own",
    lambda v: applied(text(v).replace("spec:\n", "spec:\n  clusterIP: None\n")),
    rejected_by="service",
    reason="headless",
    explain="Such a name leads to the pods' own addresses, and nobody turns port 80 into 8080 on "
    "the way. Leave out `clusterIP: None`. It cannot be changed afterwards: "
    "`kubectl delete service` first.",
)
step.near_miss(
    "in another namespace",
    lambda v: [
        "kubectl create namespace town",
        written("service.yaml", text(v)),
        "kubectl apply -n town -f service.yaml",
    ],
    rejected_by="service",
    reason="other-namespace",
    explain="A service finds pods of its own namespace only. Without `-n` it goes into `default`.",
)
step.near_miss(
    "addresses written down",
    lambda v: [by_hand(v)],
    rejected_by="service",
    reason="no-selector",
    explain="These addresses are right until the first of the pods is made anew. With a `selector` "
    "a controller keeps the list.",
)
step.near_miss(
    "a name for another name",
    lambda v: [f"kubectl create service externalname {v.shop} --external-name={v.friend}"],
    rejected_by="service",
    reason="external",
)
step.near_miss(
    "a pod by hand in place of one of the Deployment's",
    lambda v: [
        f"kubectl scale deployment {v.shop} --replicas={v.count - 1}",
        f"kubectl run {v.shop}-more --image={IMAGE} --labels=app={v.shop}",
        f"kubectl wait --for=condition=Ready pod/{v.shop}-more --timeout=60s",
        *applied(text(v)),
    ],
    rejected_by="service",
    reason="other-pods",
)
