"""Statements about a cluster: right and wrong ways, in a bench that has the pack.

Skipped where the pack is not built: that takes minutes of compiling.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from lab_engine import protocol as p
from lab_engine.agent.duties import NOTE_SECONDS
from lab_engine.authoring import (
    Cluster,
    HttpProbe,
    KubePodsProbe,
    Manifest,
    See,
    container,
    pod,
    require,
    require_allowed,
    require_claim,
    require_endpoints,
    require_pods,
    require_policy,
    require_rollout,
    require_same_pod,
    require_service,
    require_workload,
)
from lab_engine.bench.connection import Connection, relay_argv
from lab_engine.bench.container import Bench
from lab_engine.common.plan import Plan
from lab_engine.errors import DockerUnavailable
from lab_engine.packs import image as packs
from tests.bench.conftest import ok
from tests.requirements.conftest import Stage, Statement, connected

pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.timeout(900)]

LAB = Cluster("lab", workers=1, memory=0)
SITE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  progressDeadlineSeconds: 10
  selector: {matchLabels: {app: web}}
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: web:1.0
        imagePullPolicy: IfNotPresent
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {role: client}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "tools:1", imagePullPolicy: IfNotPresent, command: [sleep, inf]}]
---
apiVersion: v1
kind: Pod
metadata: {name: shop, labels: {role: shop}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "web:1.0", imagePullPolicy: IfNotPresent}]
"""
RESOURCES = (LAB, Manifest("site", cluster="lab", text=SITE))


@pytest.fixture(scope="module")
def with_cluster(make_bench: Callable[..., Bench]) -> Iterator[Bench]:
    try:
        absent = packs.missing(["kubernetes"])
    except DockerUnavailable as error:
        pytest.skip(str(error))
    if absent:
        pytest.skip(str(absent))
    made = make_bench("kubernetes", memory=3 << 30, tag=packs.ensure(["kubernetes"], print))
    ok(made.run(["/usr/lib/infralab/bin/start-docker"]))
    yield made
    made.remove()


@pytest.fixture
async def lab(with_cluster: Bench) -> AsyncIterator[Stage]:
    """The site as its manifest says, whatever the test before left of it."""
    async with connected(with_cluster) as link:
        await link.request(p.Provision, p.ProvisionReport, resources=RESOURCES)
        stage = Stage(with_cluster, link)
        await stage.type("mkdir -p ~/work")
        yield stage
        await stage.type("kubectl delete netpol,pvc,role,rolebinding --all >/dev/null")


async def goes(stage: Stage, statement: Statement, *turns: tuple[str, str]) -> None:
    """From a step's start on: what is typed, and what is then said."""
    await stage.start(statement)
    for script, reason in turns:
        await stage.type(script)
        assert await stage.reason(statement, settled=reason) == reason, script


async def test_a_workload(lab: Stage) -> None:
    async def works(see: See) -> None:
        await require_workload(see, "Deployment", "web", replicas=2, images=["web:1.0"])

    await goes(
        lab,
        works,
        ("true", "pass"),
        ("kubectl scale deploy web --replicas=3", "other-replicas"),
        ("kubectl scale deploy web --replicas=2; kubectl rollout status deploy web", "pass"),
        ("kubectl set image deploy web web=web:2.0", "other-images"),
        ("kubectl set image deploy web web=web:1.0; kubectl rollout status deploy web", "pass"),
        # Its labels alone do not make a pod one of the Deployment's.
        ("kubectl scale deploy web --replicas=1; kubectl rollout status deploy web; "
         "kubectl run like --image=web:1.0 --labels=app=other", "other-replicas"),
        ("kubectl delete deploy web; kubectl delete pod like --now", "absent"),
    )  # fmt: skip


async def test_a_rollout(lab: Stage) -> None:
    async def rolled(see: See) -> None:
        await require_rollout(see, "web", images=["web:2.0"], before=["web:1.0"])

    status = "kubectl rollout status deploy web"
    await goes(
        lab,
        rolled,
        ("true", "other-images"),
        ("kubectl set image deploy web web=web:2.1", "other-images"),
        (f"kubectl rollout undo deploy web; {status}", "other-images"),
        (f"kubectl set image deploy web web=web:2.0; {status}", "pass"),
        ("kubectl get deploy web -o json | jq 'del(.metadata.annotations)' > d; "
         f"kubectl delete deploy web; kubectl create -f d; {status}", "made-anew"),
    )  # fmt: skip
    # What a test made without our mark goes with it: the next one finds no stranger in its place.
    await lab.type("kubectl delete deploy web")


async def test_a_pod_that_stays(lab: Stage) -> None:
    async def stays(see: See) -> None:
        await require_same_pod(see, "client")

    async def restarted(see: See) -> None:
        await require_same_pod(see, "client", restarts=None)

    await lab.start(stays)
    assert await lab.reason(stays) == "pass"
    assert await lab.reason(restarted) == "not-restarted"
    await lab.type("kubectl exec client -- kill -9 -1 || true; kubectl exec client -- true || true")
    node = "docker exec w1 sh -c 'kill -9 $(crictl inspect $(crictl ps -q --name ^c$ | head -1) | "
    await lab.type(f"sudo {node}jq .info.pid)'")
    again = "kubectl wait --for=condition=Ready pod/client pod/shop --timeout=60s"
    await lab.type(f"sleep 3; {again}")
    reasons = {await lab.reason(stays), await lab.reason(restarted)}
    assert reasons in ({"restarted", "pass"}, {"pass", "not-restarted"})
    await lab.type("kubectl get pod client -o yaml > c; kubectl replace --force -f c; " + again)
    assert await lab.reason(restarted) == "made-anew"


async def test_a_service_and_its_endpoints(lab: Stage) -> None:
    async def behind(see: See) -> None:
        await require_endpoints(see, "web", count=2)

    async def answers(see: See) -> None:
        # By its short name, too, which a pod's search list makes whole.
        page = await see(HttpProbe("http://web/", pod("client")))
        require(page.ok, "no-name", expected="It answers to its name.", observed=page.problem)
        for where in (pod("client"), container("w1"), "bench"):
            await require_service(see, "web", where=where, says="version 1.0")

    await goes(
        lab,
        behind,
        ("true", "pass"),
        ("kubectl scale deploy web --replicas=1; kubectl rollout status deploy web",
         "other-count"),
        ("kubectl patch service web -p '{\"spec\": {\"selector\": {\"app\": \"x\"}}}'",
         "no-endpoints"),
        # Ready, but nobody waits at that port.
        ("kubectl scale deploy web --replicas=2; kubectl rollout status deploy web; kubectl patch "
         "service web -p '{\"spec\": {\"selector\": {\"app\": \"web\"}, \"ports\": "
         "[{\"port\": 80, \"targetPort\": 81}]}}'", "no-answer"),
        ("kubectl delete service web", "absent"),
    )  # fmt: skip
    await lab.type("kubectl expose deploy web --port=80 --target-port=8080 --type=NodePort")
    assert await lab.reason(answers, settled="pass") == "pass"
    await lab.type("kubectl delete service web; kubectl expose deploy web --port=80 "
                   "--target-port=8080")  # fmt: skip
    assert await lab.reason(answers, settled="no-node-port") == "no-node-port"
    await lab.type("kubectl delete service web")


DENY = """kubectl create -f - <<'Y'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {role: shop}}, policyTypes: [Ingress]}
Y"""
OTHER = DENY.replace("name: deny", "name: other").replace("role: shop", "role: nobody")


async def test_a_policy(lab: Stage) -> None:
    async def kept_out(see: See) -> None:
        await require_policy(see, "client", "shop", 8080, lets=False)

    async def let_in(see: See) -> None:
        await require_policy(see, "client", "shop", 8080, lets=True)

    await goes(
        lab,
        kept_out,
        ("true", "let-in"),
        (OTHER, "let-in"),
        ("kubectl exec shop -- pkill httpd || true; kubectl delete pod shop", "no-target"),
    )
    await lab.type("kubectl run shop --image=web:1.0 --labels=role=shop; "
                   "kubectl wait --for=condition=Ready pod/shop")  # fmt: skip
    await lab.type(DENY)
    assert await lab.reason(kept_out, settled="pass") == "pass"
    assert await lab.reason(let_in, settled="kept-out") == "kept-out"
    await lab.type("kubectl delete netpol deny")
    assert await lab.reason(let_in, settled="pass") == "pass"
    await lab.type("kubectl delete pod shop --now")


async def test_rights(lab: Stage) -> None:
    async def may(see: See) -> None:
        await require_allowed(see, "anna", "list", "pods")

    await goes(
        lab,
        may,
        ("true", "not-allowed"),
        ("kubectl create role reader --verb=list --resource=pods", "not-allowed"),
        ("kubectl create namespace far; kubectl create rolebinding r -n far --role=reader "
         "--user=anna", "not-allowed"),
        ("kubectl create rolebinding r --role=reader --user=anna", "pass"),
        ("kubectl delete namespace far; kubectl delete role reader", "not-allowed"),
    )  # fmt: skip


CLAIM = """kubectl create -f - <<'Y'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}
Y"""
KEEPER = """kubectl create -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: keeper}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
  containers:
  - name: c
    image: "busybox:1.37"
    imagePullPolicy: IfNotPresent
    command: [sleep, inf]
    volumeMounts: [{name: d, mountPath: /data}]
Y
kubectl wait --for=condition=Ready pod/keeper --timeout=60s"""


async def test_a_claim_and_pods(lab: Stage) -> None:
    async def bound(see: See) -> None:
        await require_claim(see, "data", storage_class="local-path", mounted_by="keeper")

    async def placed(see: See) -> None:
        await require_pods(see, {"role": "client"}, count=1, nodes=["w1"])

    await goes(lab, bound, ("true", "absent"), (CLAIM, "not-bound"), (KEEPER, "pass"))
    await lab.type("kubectl delete pod keeper; kubectl run keeper --image=busybox:1.37 -- sleep 1d")
    await lab.type("kubectl wait --for=condition=Ready pod/keeper --timeout=60s")
    assert await lab.reason(bound) == "not-mounted"
    await lab.type("kubectl delete pod keeper --now")
    assert await lab.reason(placed) == "pass"
    await lab.type("kubectl run other --image=busybox:1.37 --labels=role=client -- sleep 1d")
    assert await lab.reason(placed) == "other-count"
    await lab.type("kubectl delete pod other --now")


NODE = "docker exec w1 sh -c"
FIRST = "crictl inspect $(crictl ps -q --name web | head -n 1)"
STATIC = """docker exec -i w1 tee /etc/kubernetes/manifests/guard.yaml > /dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: guard}
spec: {containers: [{name: c, image: "busybox:1.37", command: [sleep, 1d]}]}
Y"""
GUARD = "timeout 20 sh -c 'until kubectl get pod guard-w1; do sleep 0.3; done'"


@pytest.mark.parametrize(
    "work",
    [
        f"sudo {NODE} 'kill -9 $({FIRST} | jq .info.pid)'; "
        "timeout 20 sh -c 'until kubectl get pods | grep -q \"1 .* ago\"; do sleep 0.3; done'",
        "kubectl set image deployment web web=web:2.0; kubectl rollout status deployment web; "
        "kubectl rollout undo deployment web; kubectl rollout status deployment web",
        "kubectl get deployment web -o json | jq 'del(.metadata.annotations)' > d; "
        "kubectl delete deployment web; kubectl create -f d",
        f"{STATIC}\n{GUARD}",
    ],
    ids=["killed", "rolled out and back", "made again", "static pod"],
)
async def test_a_reset_begins_anew(lab: Stage, work: str) -> None:
    """What is wished for is as it was, and an undo sees that something happened all the same."""
    await lab.link.request(p.TakeBaseline, int, name="step")
    await lab.type(work)
    left = await lab.link.request(p.Undo, p.Difference, name="step", resources=RESOURCES)
    assert left.none, left
    told = "kubectl get deployment web -o json | jq -r '.metadata.annotations[]' | grep -cx 1"
    assert (await lab.type(told)).strip() == "1"
    restarts = "kubectl get pods -o json | jq '[.items[].status.containerStatuses[].restartCount]"
    assert (await lab.type(f"{restarts} | add'")).strip() == "0"
    assert "guard" not in await lab.type("kubectl get pods")


async def test_what_changes_wakes_who_asked(lab: Stage) -> None:
    """A watch of the API tells of a new pod before anybody asks for it."""
    heard = asyncio.Event()
    told: list[str] = []

    def on_notice(notice: object) -> None:
        if isinstance(notice, p.EventNotice) and notice.topic == "kube:pods":
            told.append(notice.subject)
            if "default/fresh" in told:
                heard.set()

    link = Connection(relay_argv(lab.bench))
    await link.open(look_on=True, on_event=on_notice)
    await link.request(p.Listen, object, topics=tuple(KubePodsProbe().topics()))
    await lab.type("kubectl run fresh --image=busybox:1.37 -- sleep 1d")
    await asyncio.wait_for(heard.wait(), 20)
    await lab.type("kubectl delete pod fresh --now")
    await link.close()


async def test_a_node_that_was_killed_is_seen_and_comes_back(lab: Stage) -> None:
    """It is started again, in the cluster that it was in: a new one would have lost the claim."""
    await lab.type(CLAIM)
    whose = "kubectl get namespace kube-system -o jsonpath={.metadata.uid}"
    before = await lab.type(whose)
    await lab.type("docker kill w1; docker wait w1")
    plan = await lab.link.request(p.ShowPlan, Plan, resources=RESOURCES)
    reasons = {action.key: action.reason for action in plan.actions}
    assert "w1 does not run" in reasons["cluster/lab"]
    await lab.link.request(p.Provision, p.ProvisionReport, resources=RESOURCES)
    assert await lab.type(whose) == before
    await lab.type("kubectl get pvc data; kubectl wait --for=condition=Ready node/w1 --timeout=1s")


async def test_a_cluster_outlives_a_stop_of_the_bench(lab: Stage, with_cluster: Bench) -> None:
    """By itself, with the same addresses, the same objects, and the way to its pods."""
    await lab.type("kubectl create configmap mine --from-literal=colour=green")
    told = "kubectl get nodes -o jsonpath='{.items[*].status.addresses[0].address} {.items[*]."
    told += "metadata.uid}'"
    before = await lab.type(told)
    # The last program has ended; the agent's note of it may be as old as this.
    await asyncio.sleep(2 * NOTE_SECONDS)
    await lab.link.close()
    await asyncio.to_thread(with_cluster.stop)
    await asyncio.to_thread(with_cluster.start)
    async with connected(with_cluster) as link:
        report = await link.request(p.Mend, p.MendReport, daemons=("docker",), resources=RESOURCES)
        assert report.stopped
        assert (report.lost, report.left) == ((), ())
        assert await lab.type(told) == before
        await lab.type(
            "kubectl get configmap mine; kubectl rollout status deploy web --timeout=60s"
        )
        # Those that the stop ended stay listed, without an address; one may still be called so.
        pods = "kubectl get pods -l app=web --field-selector=status.phase=Running"
        pod = f"{pods} -o jsonpath='{{.items[*].status.podIP}}' | awk '{{print $1}}'"
        # The API server tells what it knew before the stop until the kubelet has told it more.
        again = f'for n in $(seq 60); do at=$({pod}); [ -z "$at" ] || break; sleep 1; done'
        await lab.type(f'{again}; curl -sf -m 5 "http://$at:8080/"; kubectl delete configmap mine')
