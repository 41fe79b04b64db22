"""What is in the cluster, to see what changed and to take away what is new.

Keys: `cluster/NAME`, `kube-node/NAME`, `kube-static/NODE/FILE`, `kube/NAMESPACE/PLURAL/NAME`, and
`kube/PLURAL/NAME` for what is in no namespace; `registry/NAME`, and `pushed/REPOSITORY:TAG` for
what is in it. What has an owner goes with it, and what the cluster
made for itself is left out. An object's fingerprint is what somebody wished of it, a node's its
labels and taints. On a second line, for an undo alone, stand our mark and what an object with pods
has behind it: how often it was rolled out, and its containers started again, and on which nodes its
pods are.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from lab_engine.common.patience import patient
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.kubernetes.agent import api, objects, pushed, static
from lab_engine.families.kubernetes.agent.api import Object
from lab_engine.families.kubernetes.agent.objects import Place
from lab_engine.families.kubernetes.agent.readers import REVISION, chain, controller

KINDS: Final = {
    path.rpartition("/")[2]: path
    for path in (
        "v1/namespaces",
        "v1/pods",
        "v1/services",
        "v1/endpoints",
        "discovery.k8s.io/v1/endpointslices",
        "v1/configmaps",
        "v1/secrets",
        "v1/serviceaccounts",
        "v1/persistentvolumeclaims",
        "v1/persistentvolumes",
        "v1/resourcequotas",
        "v1/limitranges",
        "apps/v1/deployments",
        "apps/v1/replicasets",
        "apps/v1/statefulsets",
        "apps/v1/daemonsets",
        "batch/v1/jobs",
        "batch/v1/cronjobs",
        "autoscaling/v2/horizontalpodautoscalers",
        "policy/v1/poddisruptionbudgets",
        "networking.k8s.io/v1/networkpolicies",
        "networking.k8s.io/v1/ingresses",
        "networking.k8s.io/v1/ingressclasses",
        "rbac.authorization.k8s.io/v1/roles",
        "rbac.authorization.k8s.io/v1/rolebindings",
        "rbac.authorization.k8s.io/v1/clusterroles",
        "rbac.authorization.k8s.io/v1/clusterrolebindings",
        "storage.k8s.io/v1/storageclasses",
    )
}
"""Every kind that lessons use, by its plural."""

_SYSTEM: Final = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")
_OWN: Final = frozenset(
    {
        "namespaces/default",
        "services/kubernetes",
        "endpoints/kubernetes",
        "endpointslices/kubernetes",
        "configmaps/kube-root-ca.crt",
        "serviceaccounts/default",
        "storageclasses/local-path",
        "clusterroles/net-agent",
        "clusterroles/local-path-provisioner",
        "clusterroles/cluster-admin",
        "clusterroles/admin",
        "clusterroles/edit",
        "clusterroles/view",
        "clusterrolebindings/net-agent",
        "clusterrolebindings/local-path-provisioner",
        "clusterrolebindings/cluster-admin",
    }
)
"""What a fresh cluster has, as plural and name, whatever the namespace."""
_RIGHTS: Final = ("roles", "rolebindings")
"""Told of in the cluster's own namespaces, too: whoever learns to give rights may give them there,
and nothing of the cluster's makes any after its start, as its components do of other kinds.
"""
_BY_COMPONENTS: Final = ("system:", "kubeadm:")
_PROVISIONED: Final = "pv.kubernetes.io/provisioned-by"
_BY_CONTROLLER: Final = "endpoints.kubernetes.io/managed-by"
"""On each since 1.33; one made by hand has it not."""
_CONTROLLERS: Final = "node.kubernetes.io/"
"""The beginning of the taints that follow from a node's state."""
MEND_SECONDS: Final = 45.0


def entries() -> dict[str, str]:
    """Everything. Of a cluster that does not answer only its nodes' containers are told.

    Raises DaemonDown when the Docker engine does not answer.
    """
    if not api.FOLDER.is_dir():
        return {}
    # Every agent asks this; Docker's library is for those that have a cluster.
    from lab_engine.families.kubernetes.agent import cluster, registry

    its = {
        cluster.key_of(one): f"{one['Id'][:12]}\n{one['State']}" for one in registry.containers()
    } | pushed.entries()
    there = cluster.nodes()
    if not there:
        return its
    ids = " ".join(f"{cluster.name_of(one)}={one['Id'][:12]}" for one in there)
    states = " ".join(one["State"] for one in there)
    key = cluster.key_of(there[0]) or "cluster/by-hand"
    found = its | {key: f"{ids}\n{states}"}
    try:
        for one in api.listed("v1/nodes"):
            found[f"kube-node/{one['metadata']['name']}"] = _node(one)
        found |= static.entries()
        every = {plural: api.listed(path) for plural, path in KINDS.items()}
        past = pasts(every["pods"], [*every["replicasets"], *every["jobs"]])
        for plural, there_are in every.items():
            for one in there_are:
                if not _is_own(plural, one):
                    found[_object_key(plural, one)] = f"{objects.wished(one)}{_past(one, past)}"
    except (api.NoCluster, api.Refused, DaemonDown):
        return found
    return found


class Past(NamedTuple):
    """What became of an object's pods: how often restarted, and on which nodes they are."""

    restarts: int = 0
    nodes: frozenset[str] = frozenset()


def pasts(pods: Iterable[Object], makers: Iterable[Object]) -> dict[str, Past]:
    """By the uid of each pod and of all its owners."""
    known = {one["metadata"]["uid"]: one for one in makers}
    found: dict[str, Past] = {}
    for pod in pods:
        statuses = (pod.get("status") or {}).get("containerStatuses") or ()
        times = sum(one.get("restartCount", 0) for one in statuses)
        node = pod["spec"].get("nodeName", "")
        for uid in (pod["metadata"]["uid"], *(owner["uid"] for owner in chain(pod, known))):
            before = found.get(uid, Past())
            found[uid] = Past(before.restarts + times, before.nodes | {node})
    return found


def _past(one: Object, past: Mapping[str, Past]) -> str:
    """The second line, or nothing. Where it differs, an undo makes the object anew.

    Our mark is in it: somebody who makes the very same object again has made another one, which
    a plan would leave alone.
    """
    told = [mark] if (mark := objects.annotation(one, "mark")) else []
    about = one["metadata"]
    if {"template", "containers"} & (one.get("spec") or {}).keys():
        # A fresh Deployment gets its number a moment later.
        revision = int((about.get("annotations") or {}).get(REVISION, 1))
        its = past.get(about["uid"], Past())
        nodes = ",".join(sorted(its.nodes))
        told.append(f"revision {revision} restarts {its.restarts} on {nodes}")
    return f"\n{' '.join(told)}" if told else ""


def _object_key(plural: str, one: Object) -> str:
    about = one["metadata"]
    space = f"{about['namespace']}/" if about.get("namespace") else ""
    return f"kube/{space}{plural}/{about['name']}"


def _is_own(plural: str, one: Object) -> bool:
    """Whether the cluster made it for itself, or keeps it for an owner."""
    about = one["metadata"]
    name = about["name"]
    return (
        f"{plural}/{name}" in _OWN
        or name.startswith(_BY_COMPONENTS)
        or _PROVISIONED in (about.get("annotations") or {})
        or (plural == "namespaces" and name in _SYSTEM)
        or (about.get("namespace") in _SYSTEM and plural not in _RIGHTS)
        or "kubernetes.io/bootstrapping" in (about.get("labels") or {})
        # The controller's own have no owner; a slice has its service.
        or (plural == "endpoints" and _BY_CONTROLLER in (about.get("labels") or {}))
        or (plural == "configmaps" and name == "kube-root-ca.crt")
        or controller(one) is not None
    )


def _node(one: Object) -> str:
    """Sorted JSON, so that it can be brought back."""
    spec = one["spec"]
    taints = [
        taint for taint in spec.get("taints") or () if not taint["key"].startswith(_CONTROLLERS)
    ]
    for taint in taints:
        taint.pop("timeAdded", None)
    told = {
        "labels": one["metadata"].get("labels") or {},
        "taints": sorted(taints, key=lambda taint: (taint["key"], taint["effect"])),
        "unschedulable": spec.get("unschedulable", False),
    }
    return msgspec.json.encode(told, order="sorted").decode()


def remove(key: str) -> None:
    """Take one thing away by force, whoever made it. Absent is no error."""
    kind, _, name = key.partition("/")
    if kind == "cluster":
        from lab_engine.families.kubernetes.agent import cluster

        cluster.remove(key)
        return
    if kind == "registry":
        from lab_engine.families.kubernetes.agent import registry

        registry.remove(name)
        return
    if kind == pushed.KIND:
        pushed.remove(name)
        return
    try:
        if kind == "kube-node":
            objects.delete(Place("v1/nodes", "", name), key)
        elif kind == static.KIND:
            static.remove(name)
        elif kind == "kube":
            *space, plural, own = name.split("/")
            objects.delete(Place(KINDS[plural], "".join(space), own), key)
        else:
            raise ProviderError(f"a cluster has nothing of kind {kind!r}", resource=key)
    except api.NoCluster:
        return
    except api.Refused as error:
        raise api.refused(f"delete {key}", error, key) from error


def mend(key: str, before: str) -> bool:
    """Start the nodes of a cluster that were stopped, or give a node its labels and taints back.

    False when that is not enough: a node was taken away, or does not come back in time.
    """
    kind, _, name = key.partition("/")
    if kind == "cluster":
        now = entries().get(key, "")
        if now.partition("\n")[0] != before.partition("\n")[0]:
            return False
        return _come_back()
    if kind == "registry":
        from lab_engine.families.kubernetes.agent import registry

        now = entries().get(key, "")
        return now.partition("\n")[0] == before.partition("\n")[0] and registry.start(name)
    if kind == static.KIND:
        return static.mend(name, before)
    if kind == pushed.KIND:
        return pushed.mend(name, before)
    try:
        found = api.get("v1/nodes", "", name)
        if found is None:
            return False
        wanted = msgspec.json.decode(before)
        spec = found["spec"]
        kept = [
            one for one in spec.get("taints") or () if one["key"].startswith(_CONTROLLERS)
            and one["key"] != f"{_CONTROLLERS}unschedulable"
        ]  # fmt: skip
        # A merge patch takes away what it names with null (RFC 7396).
        labels = dict.fromkeys(found["metadata"].get("labels") or {}) | wanted["labels"]
        body = {
            "metadata": {"labels": labels},
            "spec": {
                "taints": wanted["taints"] + kept or None,
                "unschedulable": wanted["unschedulable"] or None,
            },
        }
        api.request("PATCH", api.base("v1/nodes", "", name), body, kind=api.MERGE)
    except (api.NoCluster, api.Refused, DaemonDown):
        return False
    return True


def _come_back() -> bool:
    from lab_engine.families.kubernetes.agent import cluster

    cluster.start_nodes()
    names = [cluster.name_of(one) for one in cluster.nodes()]
    end = time.monotonic() + patient(MEND_SECONDS)
    while time.monotonic() < end:
        ready = cluster.ready_nodes()
        if all(ready.get(name) for name in names):
            return True
        time.sleep(0.3)
    return False
