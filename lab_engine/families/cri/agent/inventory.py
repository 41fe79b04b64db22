"""The pods of the bench, by `cri-pod/NAMESPACE/NAME`, and the way to take them away."""

from __future__ import annotations

from lab_engine.families.cri.agent import crictl


def entries() -> dict[str, str]:
    """Every pod, key to fingerprint: its state, and that of each of its containers."""
    found: dict[str, str] = {}
    for pod in crictl.pods():
        its = sorted(f"{one.name} {one.image} {one.state}" for one in pod.containers)
        key = f"cri-pod/{pod.namespace}/{pod.name}"
        told = "; ".join(["ready" if pod.ready else "not ready", *its])
        # The uid keeps two pods of one name apart; a removal takes both.
        found[key] = f"{found[key]} and {told}" if key in found else told
    return found


def remove(key: str) -> None:
    """Take away the pods of a name. Absent is no error. Raises ProviderError when one stays."""
    namespace, _, name = key.removeprefix("cri-pod/").partition("/")
    for pod in crictl.pods():
        if (pod.namespace, pod.name) == (namespace, name):
            crictl.remove(pod.id)
