"""What a learner does with the bench's registry: `python -m tests.families.registry_at_work`.

Runs as root in a bench with the packs `kubernetes` and `registry`.
"""

from __future__ import annotations

import subprocess

from lab_engine.families.docker.resources import Image
from lab_engine.families.kubernetes.agent import fleeting, inventory, pushed
from lab_engine.families.kubernetes.resources import Cluster, Registry
from tests.families.bench_state import MARK, holds, sh
from tests.families.obligations import look, make

LAB = Cluster("lab", workers=2, memory=512)
OURS = Registry("registry", cluster="lab")
SHOP = "registry.bench:5000/shop"
KUBECTL = "kubectl --kubeconfig=/var/lib/docker/kube/cp/kubernetes/admin.conf"


def build(version: int) -> None:
    """An image that nobody has, pushed, and taken away from the bench's own engine."""
    sh(f"""
        printf 'FROM busybox\\nRUN echo version {version} > /version\\n' |
            docker build -q -t {SHOP}:{version} -
        docker push -q {SHOP}:{version}
        docker rmi {SHOP}:{version}
    """)


def says(pod: str, node: str, image: str) -> str:
    """What a pod of the image says on that node, which has to pull it."""
    holds(f"docker exec {node} crictl rmi {image}")
    spec = f'{{"spec": {{"nodeName": "{node}", "terminationGracePeriodSeconds": 0}}}}'
    sh(f"{KUBECTL} run {pod} --image={image} --restart=Never --overrides='{spec}' -- cat /version")
    sh(f"{KUBECTL} wait --for=jsonpath='{{.status.phase}}'=Succeeded pod/{pod} --timeout=50s")
    words = [*KUBECTL.split(), "logs", pod]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    for one in (LAB, Image("registry"), Image("busybox"), OURS):
        make(one)
    build(1)
    print("pushed:", pushed.entries())
    assert says("first", "w1", f"{SHOP}:1") == "version 1"
    assert says("second", "w2", f"{SHOP}:1") == "version 1"
    # Any other name is asked for with TLS, of a node as well.
    assert not holds("docker exec w1 crictl pull 172.30.0.1:5000/shop:1")

    before = inventory.entries()
    build(2)
    sh(f"""
        printf 'FROM busybox\\nRUN echo another > /version\\n' | docker build -q -t {SHOP}:1 -
        docker push -q {SHOP}:1
    """)
    now = inventory.entries()
    changed = {key for key in now.keys() | before.keys() if now.get(key) != before.get(key)}
    assert changed == {"pushed/shop:1", "pushed/shop:2"}, changed
    inventory.remove("pushed/shop:2")
    assert inventory.mend("pushed/shop:1", before["pushed/shop:1"])
    assert inventory.entries() == before
    assert not holds(f"docker pull -q {SHOP}:2")
    assert says("third", "w2", f"{SHOP}:1") == "version 1"
    # What was taken away can be pushed again.
    build(2)
    assert says("fourth", "w1", f"{SHOP}:2") == "version 2"

    sh("docker stop -t 1 registry")
    assert look(OURS, MARK)[2] == "does not run (exited)"
    assert inventory.mend("registry/registry", before["registry/registry"])
    assert look(OURS, MARK) == (True, True, "")
    # A stop of the bench ends all containers, and the bench's own names are written anew.
    keys = sorted(fleeting.there())
    assert keys == ["cluster/lab", "registry/registry"], keys
    sh("docker stop -t 1 registry w1 w2 cp")
    sh("grep -v registry.bench /etc/hosts > /run/hosts; cat /run/hosts > /etc/hosts")
    assert fleeting.there() == {}
    assert fleeting.again(keys) == {}
    assert look(OURS, MARK) == (True, True, "")
    # A node that was made anew knows nothing of it until it is told.
    sh("docker exec w1 rm -r /etc/containerd/certs.d/registry.bench:5000")
    assert "w1" in look(OURS, MARK)[2]
    make(OURS)
    assert says("fifth", "w1", f"{SHOP}:2") == "version 2"


if __name__ == "__main__":
    main()
