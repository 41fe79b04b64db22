"""What a step has applied to its cluster, marked by annotations."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from lab_engine.common import digest
from lab_engine.common.patience import patient
from lab_engine.common.resource import Stage
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.kubernetes import probes as kube
from lab_engine.families.kubernetes.agent import api, objects, readers
from lab_engine.families.kubernetes.agent.api import Object
from lab_engine.families.kubernetes.agent.inventory import KINDS
from lab_engine.families.kubernetes.agent.objects import Place
from lab_engine.families.kubernetes.resources import Manifest
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting

READ_SECONDS: Final = 20.0
_MARKED: Final = tuple(KINDS.values())


class ManifestProvider(Provider[Manifest]):
    resource = Manifest
    family = "kubernetes"
    limits: ClassVar[dict[str, float]] = {
        "observe": 30, "create": 60, "destroy": 120, "ready": 120,
    }  # fmt: skip

    def observe(self, wanted: Sequence[Manifest], mark: Mark) -> dict[str, Sighting]:
        there = _marked()
        return {one.name: _sighting(one, there, mark) for one in wanted}

    def create(self, wanted: Manifest, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        try:
            every = [(objects.place_of(one), one) for one in parsed(wanted)]
            for place, _ in every:
                found = objects.find(place)
                if found is not None and objects.annotation(found, "mark") != text:
                    raise _foreign(place, wanted.key)
            self.destroy(wanted.name, mark)
            for place, one in every:
                say(f"{one['kind']} {place.name}")
                notes = one["metadata"].get("annotations") or {}
                own = {"infralab/mark": text, "infralab/spec": digest.of(wanted)}
                one["metadata"]["annotations"] = notes | own
                made = objects.apply(place, one)
                objects.annotate(place, made=objects.wished(made))
        except api.Refused as error:
            raise api.refused(f"apply {wanted.name}", error, wanted.key) from error
        except api.NoCluster as error:
            raise _no_cluster(wanted.key) from error

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"manifest/{name}"
        text = mark.text(key)
        own = [place for place, one in _marked() if objects.annotation(one, "mark") == text]
        # A namespace last: what is in it goes first, and is seen to go.
        own.sort(key=lambda place: place.resource == "v1/namespaces")
        for place in own:
            objects.delete(place, key)

    def owned(self) -> Iterable[Owned]:
        texts = {objects.annotation(one, "mark") for _, one in _marked()}
        return [found for text in sorted(texts) if (found := Owned.parse(text))]

    def reached(self, wanted: Manifest, stage: Stage) -> bool:
        if stage != "answers":
            return True
        text = Mark("").text(wanted.key).partition("::")[2]
        its = [
            (place, one)
            for place, one in _marked()
            if objects.annotation(one, "mark").endswith(f":{text}")
        ]
        return bool(its) and all(_ready(place, one) for place, one in its)


def parsed(wanted: Manifest) -> list[Object]:
    """Its objects. kubectl reads the YAML, as it would the learner's. Raises ProviderError."""
    done = subprocess.run(
        ["/opt/kube/bin/kubectl", f"--kubeconfig={api.CONFIG}", "create", "--dry-run=client",
         "-o", "json", "-f", "-"],
        input=wanted.text, capture_output=True, text=True, check=False,
        timeout=patient(READ_SECONDS),
    )  # fmt: skip
    if done.returncode:
        raise ProviderError(
            f"its text cannot be read: {done.stderr.strip()[-300:]}",
            resource=wanted.key,
            hint="Try it with `kubectl apply --dry-run=server -f FILE`.",
        )
    found: list[Object] = []
    decoder, text = json.JSONDecoder(), done.stdout.strip()
    while text:
        one, end = decoder.raw_decode(text)
        found += one["items"] if one.get("kind") == "List" else [one]
        text = text[end:].lstrip()
    return found


def _marked() -> list[tuple[Place, Object]]:
    """Everything in the cluster that bears a mark of ours; nothing where it does not answer.

    Not what a controller made: a ReplicaSet gets its Deployment's annotations, ours among them.
    """
    try:
        return [
            (_place(resource, one), one)
            for resource in _MARKED
            for one in api.listed(resource)
            if objects.annotation(one, "mark") and not _controlled(one)
        ]
    except (api.NoCluster, DaemonDown):
        return []


def _controlled(one: Object) -> bool:
    return any(owner.get("controller") for owner in one["metadata"].get("ownerReferences", []))


def _place(resource: str, one: Object) -> Place:
    return Place(resource, one["metadata"].get("namespace", ""), one["metadata"]["name"])


def _sighting(wanted: Manifest, there: list[tuple[Place, Object]], mark: Mark) -> Sighting:
    text = mark.text(wanted.key)
    its = {place: one for place, one in there if objects.annotation(one, "mark") == text}
    try:
        places = [objects.place_of(one) for one in parsed(wanted)] if api.there() else []
        strangers = [one for one in places if one not in its and objects.find(one)]
    except (ProviderError, api.NoCluster, DaemonDown):
        places, strangers = [], []
    if strangers:
        return Sighting(present=True, drift=f"{strangers[0].name} was made by somebody else")
    if not its:
        return ABSENT
    return Sighting(present=True, ours=True, drift=_drift(wanted, places, its))


def _drift(wanted: Manifest, places: list[Place], its: dict[Place, Object]) -> str:
    for place in places:
        if place not in its:
            return f"{place.resource.rpartition('/')[2]} {place.name} is gone"
    for place, one in its.items():
        what = f"{place.resource.rpartition('/')[2]} {place.name}"
        if objects.annotation(one, "spec") != digest.of(wanted):
            return f"{what} was made from another text"
        if objects.annotation(one, "made") != objects.wished(one):
            return f"{what} was changed"
    return ""


def _ready(place: Place, one: Object) -> bool:
    kind, about = str(one.get("kind") or _kind(place)), one["metadata"]
    if kind in kube.WORKLOADS:
        probe = msgspec.convert(
            {"probe": "kube-workload", "kind": kind, "workload": about["name"],
             "namespace": about["namespace"]},
            kube.KubeWorkloadProbe,
        )  # fmt: skip
        found = readers.workload(probe)
        return found.whole if kind != "Job" else found.ready >= found.wanted
    if kind == "Pod":
        state = readers.pod(one, {})
        return state.ready or state.phase == "Succeeded"
    if kind == "PersistentVolumeClaim":
        return one.get("status", {}).get("phase") == "Bound" or _waits(one)
    return True


def _kind(place: Place) -> str:
    """Objects in a list do not tell their kind, which the list does."""
    known = {path: kind for kind, path in kube.WORKLOADS.items()}
    others = {"v1/pods": "Pod", "v1/persistentvolumeclaims": "PersistentVolumeClaim"}
    return (known | others).get(place.resource, "")


def _waits(claim: Object) -> bool:
    """Whether its class binds it only when a pod uses it."""
    name = claim["spec"].get("storageClassName", "")
    found: Any = api.get("storage.k8s.io/v1/storageclasses", "", name) if name else None
    return bool(found) and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def _foreign(place: Place, key: str) -> ProviderError:
    plural = place.resource.rpartition("/")[2]
    there = f" in {place.namespace}" if place.namespace else ""
    space = f" -n {place.namespace}" if place.namespace else ""
    return ProviderError(
        f"{plural} {place.name}{there} is there already, and infralab did not make it",
        resource=key,
        hint=f"If you do not need it any more: `kubectl delete {plural} {place.name}{space}`.",
    )


def _no_cluster(key: str) -> ProviderError:
    return ProviderError(
        "there is no cluster", resource=key, hint="The step must have a `Cluster`, too."
    )
