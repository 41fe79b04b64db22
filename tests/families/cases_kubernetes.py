"""A cluster and what is applied to it, for the contract suite; in a bench with the pack."""

from __future__ import annotations

from lab_engine.families.kubernetes.resources import Cluster, Manifest
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
)
