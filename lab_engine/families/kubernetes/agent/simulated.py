"""Nodes that kwok plays, marked by annotations, and kwok, which is there as long as any are."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Final

from lab_engine.common import digest
from lab_engine.common.patience import patient
from lab_engine.common.resource import Stage
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.kubernetes.agent import api, objects
from lab_engine.families.kubernetes.agent.api import Object
from lab_engine.families.kubernetes.resources import SimulatedNodes
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

KWOK: Final = Path("/opt/kube/conf/kwok.yaml")
NODES: Final = "v1/nodes"
PLAYED: Final = "kwok.x-k8s.io/node"
"""The annotation of nodes that kwok plays, and the key of their taint."""
SYSTEM: Final = {
    f"{prefix}kubernetes.io/{what}": value
    # The cluster writes the second name itself where there is only the first.
    for prefix in ("", "beta.")
    for what, value in (("os", "linux"), ("arch", "amd64"))
}
KUBECTL_SECONDS: Final = 30.0
GONE_SECONDS: Final = 20.0


class SimulatedProvider(Provider[SimulatedNodes]):
    resource = SimulatedNodes
    family = "kubernetes"
    in_place = True
    limits: ClassVar[dict[str, float]] = {"observe": 20, "create": 90, "destroy": 90, "ready": 90}

    def observe(self, wanted: Sequence[SimulatedNodes], mark: Mark) -> dict[str, Sighting]:
        there = _there()
        return {one.name: _sighting(one, there, mark) for one in wanted}

    def create(self, wanted: SimulatedNodes, mark: Mark, say: Say) -> None:
        try:
            there = _there(strict=True)
            for name in wanted.names:
                if name in there and not _is_ours(there[name], wanted.key, mark):
                    raise ProviderError(
                        f"a node called {name!r} is there already, and infralab did not make it",
                        resource=wanted.key,
                        hint=f"If you do not need it any more: `kubectl delete node {name}`.",
                    )
            spec = digest.of(wanted)
            old = [
                name
                for name, one in there.items()
                if _is_ours(one, wanted.key, mark) and objects.annotation(one, "spec") != spec
            ]
            _delete(old, wanted.key)
            _kubectl("apply", wanted.key)
            say(f"{wanted.nodes} nodes join")
            for name in wanted.names:
                if name in old or name not in there:
                    api.request("POST", api.base(NODES), _node(wanted, name, mark))
        except api.Refused as error:
            raise api.refused(f"take the nodes {wanted.name}", error, wanted.key) from error
        except api.NoCluster as error:
            raise ProviderError(
                "there is no cluster", resource=wanted.key, hint="The step must have a `Cluster`."
            ) from error

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{SimulatedNodes.kind()}/{name}"
        there = _there()
        own = [node for node, one in there.items() if _is_ours(one, key, mark)]
        _delete(own, key)
        played = [node for node, one in there.items() if _played(one)]
        if KWOK.exists() and api.there() and set(played) <= set(own):
            _kubectl("delete", key)

    def owned(self) -> Iterable[Owned]:
        texts = {objects.annotation(one, "mark") for one in _there().values()}
        return [found for text in sorted(texts) if (found := Owned.parse(text))]

    def reached(self, wanted: SimulatedNodes, stage: Stage) -> bool:
        there = _there()
        return all(name in there and _ready(there[name]) for name in wanted.names)


def _there(*, strict: bool = False) -> dict[str, Object]:
    """Every node by name; none where the cluster does not answer, unless that is an error."""
    try:
        return {one["metadata"]["name"]: one for one in api.listed(NODES)}
    except (api.NoCluster, DaemonDown):
        if strict:
            raise
        return {}


def _is_ours(one: Object, key: str, mark: Mark) -> bool:
    return objects.annotation(one, "mark") == mark.text(key)


def _played(one: Object) -> bool:
    return PLAYED in (one["metadata"].get("annotations") or {})


def _ready(one: Object) -> bool:
    conditions = one.get("status", {}).get("conditions") or ()
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)


def _sighting(wanted: SimulatedNodes, there: dict[str, Object], mark: Mark) -> Sighting:
    its = {name: one for name, one in there.items() if _is_ours(one, wanted.key, mark)}
    if strangers := [name for name in wanted.names if name in there and name not in its]:
        return Sighting(present=True, drift=f"the node {strangers[0]} was made by somebody else")
    if not its:
        return ABSENT
    return Sighting(present=True, ours=True, drift=_drift(wanted, its))


def _drift(wanted: SimulatedNodes, its: dict[str, Object]) -> str:
    spec = digest.of(wanted)
    if any(objects.annotation(one, "spec") != spec for one in its.values()):
        return "were made from other wishes"
    if gone := [name for name in wanted.names if name not in its]:
        return f"the node {gone[0]} is gone"
    if silent := [name for name in wanted.names if not _played(its[name])]:
        return f"nobody plays the node {silent[0]}"
    return ""


def _node(wanted: SimulatedNodes, name: str, mark: Mark) -> Object:
    room = {"cpu": str(wanted.cpus), "memory": f"{wanted.memory}Mi", "pods": "110"}
    taint = {"key": PLAYED, "value": "fake", "effect": "NoSchedule"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"type": "simulated", "kubernetes.io/hostname": name, **SYSTEM},
            "annotations": {
                PLAYED: "fake",
                "infralab/mark": mark.text(wanted.key),
                "infralab/spec": digest.of(wanted),
            },
        },
        "spec": {"taints": [taint]} if wanted.tainted else {},
        # No address: there is no route to it. Said here, so that no reader meets a node without.
        "status": {
            "addresses": [{"type": "Hostname", "address": name}],
            "capacity": room,
            "allocatable": room,
        },
    }


def _delete(names: Sequence[str], key: str) -> None:
    """Take nodes away with the pods on them. Raises ProviderError when they stay."""
    for name in names:
        try:
            api.request("DELETE", api.base(NODES, "", name))
        except api.Refused as error:
            if error.code != api.NOT_FOUND:
                raise api.refused(f"delete the node {name}", error, key) from error
    end = time.monotonic() + patient(GONE_SECONDS)
    while left := [name for name in names if name in _there()]:
        if time.monotonic() > end:
            raise ProviderError(
                f"the node {left[0]} is still there",
                resource=key,
                hint=f"`kubectl get node {left[0]} -o yaml` shows its finalizers.",
            )
        time.sleep(0.1)
    # Without its node nobody says of a pod that it has ended; the cluster would wait 40 s and more.
    for pod in api.listed("v1/pods", ending=True) if names else ():
        if pod["spec"].get("nodeName") in names:
            about = pod["metadata"]
            path = api.base("v1/pods", about["namespace"], about["name"])
            try:
                api.request("DELETE", path, {"gracePeriodSeconds": 0})
            except api.Refused as error:
                if error.code != api.NOT_FOUND:
                    raise api.refused(f"delete the pod {about['name']}", error, key) from error


def _kubectl(act: str, key: str) -> None:
    """Apply or delete kwok's own objects. Raises ProviderError."""
    if not KWOK.exists():
        raise ProviderError(
            "this bench has no kwok",
            resource=key,
            hint='The lesson must name it: packs = ["kwok"] in its lesson.md.',
        )
    more = ["--ignore-not-found", "--wait=false"] if act == "delete" else []
    try:
        done = subprocess.run(
            ["/opt/kube/bin/kubectl", f"--kubeconfig={api.CONFIG}", act, "-f", str(KWOK), *more],
            capture_output=True, text=True, check=False, timeout=patient(KUBECTL_SECONDS),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise DaemonDown(
            f"the cluster did not answer to `kubectl {act}`", daemon="kubernetes"
        ) from error
    if done.returncode:
        raise ProviderError(
            f"kwok's objects could not be given to `kubectl {act}`: {done.stderr.strip()[-300:]}",
            resource=key,
            hint="`kubectl -n kube-system get pods` in the bench shows whether the cluster works.",
        )
