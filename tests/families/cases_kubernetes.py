"""A cluster and what is applied to it, for the contract suite; in a bench with the pack."""

from __future__ import annotations

from lab_engine.families.docker.resources import Image
from lab_engine.families.kubernetes.resources import (
    Cluster,
    Manifest,
    Registry,
    SimulatedNodes,
)
from tests.families.case import Case, Damage, changes

PACKS = ("kubernetes",)
LAB = Cluster("lab", workers=0)
KUBECTL = "kubectl --kubeconfig=/var/lib/docker/kube/cp/kubernetes/admin.conf"
SITE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: site, namespace: shop}
data: {colour: green}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:1.0", imagePullPolicy: IfNotPresent}]
"""

CASES = (
    Case(
        "cluster",
        LAB,
        packs=PACKS,
        shown="docker exec cp crictl ps --name kube-apiserver -q | grep -q .",
        damages=changes(
            "docker stop -t 1 cp",
            Damage("docker rm -f cp", leaves="gone"),
        ),
        foreign="/opt/kube/conf/up.sh 0 0",
        theirs="docker exec cp crictl ps --name etcd -q | grep -q .",
    ),
    Case(
        "manifest",
        Manifest("site", cluster="lab", text=SITE),
        needs=(LAB,),
        packs=PACKS,
        shown=f"{KUBECTL} get deployment web -o json | jq -e '.status.readyReplicas == 1'; "
        f"{KUBECTL} get configmap site -n shop",
        damages=changes(
            f"{KUBECTL} scale deployment web --replicas=2",
            f"{KUBECTL} set image deployment web web=web:2.0",
            f'{KUBECTL} patch configmap site -n shop -p \'{{"data": {{"colour": "red"}}}}\'',
            f"{KUBECTL} label namespace shop tier=front",
            f"{KUBECTL} delete configmap site -n shop",
        ),
        foreign=f"{KUBECTL} create deployment web --image=busybox:1.37 --replicas=0",
        theirs=f"{KUBECTL} get deployment web -o json | jq -e '.spec.replicas == 0'",
    ),
    Case(
        "registry",
        Registry("registry", cluster="lab"),
        needs=(LAB, Image("registry"), Image("busybox")),
        packs=(*PACKS, "registry"),
        daemon="docker",
        # The whole way: pushed by the bench's engine, pulled by a node that never had it.
        shown="curl -sf -m 5 -o /dev/null http://registry.bench:5000/v2/ && "
        "docker tag busybox registry.bench:5000/box:1 && "
        "docker push -q registry.bench:5000/box:1 && docker rmi registry.bench:5000/box:1 && "
        "docker exec cp crictl pull registry.bench:5000/box:1 && "
        "docker exec cp crictl rmi registry.bench:5000/box:1 && "
        # What is in it is no part of the registry itself.
        "rm -r /var/lib/docker/registry/docker",
        damages=changes(
            "docker stop -t 1 registry",
            Damage("docker rm -f registry", leaves="gone"),
            Damage(
                "docker exec cp rm -r /etc/containerd/certs.d/registry.bench:5000", listed=False
            ),
            "grep -v registry.bench /etc/hosts > /run/hosts; cat /run/hosts > /etc/hosts",
        ),
        foreign="docker run -d --network none --name registry busybox sleep 1h",
        theirs="docker exec registry true",
    ),
    Case(
        "simulated-nodes",
        SimulatedNodes("far", cluster="lab", nodes=12),
        needs=(LAB,),
        packs=(*PACKS, "kwok"),
        daemon="docker",
        shown=f"{KUBECTL} get nodes -l type=simulated -o json | jq -e '[.items[] | "
        'select(.status.conditions[]? | .type == "Ready" and .status == "True")] | length == 12\'',
        damages=changes(f"{KUBECTL} delete node far-3"),
        foreign=f"{KUBECTL} create -f - <<< '"
        '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "far-2"}}\'',
        theirs=f"{KUBECTL} get node far-2",
    ),
)
