"""A cluster of three nodes, ours and by plain kubeadm in turns. `ROUNDS`."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from benchmarks.inside.provisioning import up_and_down
from lab_engine.families.kubernetes.resources import Cluster

PLAIN = """
set -eu
kube=/var/lib/docker/kube
export KUBECONFIG=$kube/cp/kubernetes/admin.conf
docker network create --subnet 172.30.0.0/24 -o com.docker.network.bridge.name=kube kube
/opt/kube/node/mknode.sh
for node in cp w1 w2; do
    # A disk that is there already gets no links to what is unpacked.
    mkdir -p $kube/$node/var/lib $kube/$node/kubernetes/manifests $kube/$node/cni
    echo nameserver 172.30.0.1 > $kube/$node/kubernetes/resolv.conf
    /opt/kube/node/newnode $node 0 2
done
for node in cp w1 w2; do
    until docker exec $node crictl version; do sleep 0.1; done
    docker exec $node ctr -n k8s.io images import /opt/kube/images/all.tar &
done
wait
docker exec cp kubeadm init --config /opt/kube/conf/init.yaml
kubectl apply -f /opt/kube/conf/net.yaml
for node in w1 w2; do
    docker exec $node kubeadm join 172.30.0.10:6443 --token infra1.labcourse0000000 \
        --discovery-token-unsafe-skip-ca-verification &
done
wait
until [ "$(kubectl get nodes -o name | wc -l)" = 3 ]; do sleep 0.1; done
kubectl wait --for=condition=Ready node --all --timeout=180s
"""


def plain() -> float:
    began = time.perf_counter()
    done = subprocess.run(["bash", "-c", PLAIN], capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    subprocess.run(["/opt/kube/conf/down.sh"], check=True)
    if done.returncode:
        raise RuntimeError(f"plain kubeadm: {done.stderr[-2000:]}")
    return took


def main(rounds: int) -> dict[str, object]:
    lab = Cluster("lab", workers=2, memory=0)
    first, _ = up_and_down([lab])
    found: dict[str, list[float]] = {"plain": [], "ours": [], "removed": []}
    for _ in range(rounds):
        found["plain"].append(plain())
        up, down = up_and_down([lab])
        found["ours"].append(up)
        found["removed"].append(down)
    return {"first": first, "times": found}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
