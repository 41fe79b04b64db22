"""Pods, services and claims of the cluster, as parts of the picture. Its nodes are containers."""

from __future__ import annotations

from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.kubernetes.probes import (
    KubeObject,
    KubeObjectsProbe,
    KubePod,
    KubePodsProbe,
)

SYSTEM = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")


async def read(questions: Questions, parts: Parts) -> None:
    """Add what is in the learner's namespaces."""
    pods, services, claims = await questions.all(
        [
            KubePodsProbe(namespace=""),
            KubeObjectsProbe(
                "v1/services",
                "",
                fields=("spec.selector", "spec.clusterIP", "spec.type", "spec.ports"),
            ),
            KubeObjectsProbe(
                "v1/persistentvolumeclaims", "", fields=("status.phase", "spec.volumeName")
            ),
        ]
    )
    for one in services.objects if services else ():
        if one.namespace not in SYSTEM and one.fields.get("spec.selector"):
            _service(one, parts)
    for one in claims.objects if claims else ():
        if one.namespace not in SYSTEM:
            phase = str(one.fields.get("status.phase", ""))
            volume = str(one.fields.get("spec.volumeName", ""))
            facts = (("volume", volume),) if volume else ()
            key = f"claim/{_called(one.namespace, one.name)}"
            parts.add(Node(key, "claim", _called(one.namespace, one.name), phase, facts=facts))
    for pod in pods.pods if pods else ():
        if pod.namespace not in SYSTEM:
            _pod(pod, services.objects if services else (), parts)


def _called(namespace: str, name: str) -> str:
    return name if namespace == "default" else f"{namespace}/{name}"


def _service(one: KubeObject, parts: Parts) -> None:
    ports = [
        f"{port['port']}" + (f", node port {port['nodePort']}" if port.get("nodePort") else "")
        for port in one.fields.get("spec.ports") or ()
    ]
    facts = [("address", str(one.fields.get("spec.clusterIP", "")))]
    facts += [("port", text) for text in ports]
    name = _called(one.namespace, one.name)
    kind = str(one.fields.get("spec.type", ""))
    parts.add(Node(f"kube-service/{name}", "kube-service", name, kind, facts=tuple(facts)))


def _pod(pod: KubePod, services: tuple[KubeObject, ...], parts: Parts) -> None:
    name = _called(pod.namespace, pod.name)
    state = next((c.state for c in pod.containers if c.state not in ("", "running")), pod.phase)
    facts = [("node", pod.node or "none yet"), ("address", pod.address), ("state", state)]
    facts += [("image", one.image) for one in pod.containers]
    facts += [("owner", owner) for owner in pod.owners[-1:]]
    facts += [("restarts", str(pod.restarts))] if pod.restarts else []
    facts += [("why", pod.why)] if pod.why else []
    # The shell's command has no room for another namespace.
    shell = f"pod:{pod.name}" if pod.namespace == "default" and pod.phase == "Running" else ""
    key = f"pod/{name}"
    told = tuple((what, text) for what, text in facts if text)
    parts.add(Node(key, "pod", name, f"{state} on {pod.node}", pod.ready, told, shell))
    for one in services:
        selector = one.fields.get("spec.selector") or {}
        if one.namespace == pod.namespace and selector and selector.items() <= pod.labels.items():
            service = _called(one.namespace, one.name)
            parts.join(key, f"kube-service/{service}", pod.address if pod.ready else "not ready")
    for claim in pod.claims:
        parts.join(key, f"claim/{_called(pod.namespace, claim)}")
