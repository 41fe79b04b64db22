"""Answers the probes about a cluster (agent side)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from lab_engine.common.probe import Probe
from lab_engine.families.kubernetes import probes as kube
from lab_engine.families.kubernetes.agent import api
from lab_engine.families.kubernetes.agent.api import Object

REVISION: Final = "deployment.kubernetes.io/revision"
MADE_BY: Final = {"ReplicaSet": "apps/v1/replicasets", "Job": "batch/v1/jobs"}
"""Owners of pods that may have an owner themselves."""

P = TypeVar("P", bound=Probe[Any])


def _in_a_cluster(read: Callable[[P], msgspec.Struct]) -> Callable[[P], msgspec.Struct]:
    """What there is to read without a cluster: that nothing exists."""

    def reader(probe: P) -> msgspec.Struct:
        try:
            return read(probe)
        except api.NoCluster:
            return probe.reading(exists=False)
        except api.Refused as error:
            raise api.refused(f"answer {probe.name()}", error) from error

    return reader


# -- any object ------------------------------------------------------------------------------------


def objects(probe: kube.KubeObjectsProbe) -> kube.KubeObjectsReading:
    found = api.listed(probe.resource, probe.namespace, labels=probe.labels)
    return kube.KubeObjectsReading(
        objects=tuple(_object(one, probe.fields) for one in _sorted(found))
    )


def _sorted(found: Iterable[Object]) -> list[Object]:
    return sorted(found, key=lambda one: (_space(one), one["metadata"]["name"]))


def _space(one: Object) -> str:
    return str(one["metadata"].get("namespace", ""))


def _object(one: Object, fields: Sequence[str]) -> kube.KubeObject:
    about = one["metadata"]
    told = {path: value for path in fields if (value := at(one, path)) is not None}
    return kube.KubeObject(
        name=about["name"],
        namespace=about.get("namespace", ""),
        uid=about["uid"],
        labels=about.get("labels") or {},
        annotations=about.get("annotations") or {},
        owner=_called(controller(one)),
        fields=told,
    )


def at(one: Any, path: str) -> Any:
    """What stands at `spec.containers.0.image`; None when nothing does."""
    for part in path.split("."):
        if isinstance(one, dict):
            one = one.get(part)
        elif isinstance(one, list) and part.isdecimal() and int(part) < len(one):
            one = one[int(part)]
        else:
            return None
    return one


def controller(one: Object) -> Object | None:
    """The reference to the one owner that keeps it, if there is one."""
    owners: list[Object] = one["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def _called(reference: Mapping[str, Any] | None) -> str:
    return f"{reference['kind']}/{reference['name']}" if reference else ""


# -- pods ------------------------------------------------------------------------------------------


def pods(probe: kube.KubePodsProbe) -> kube.KubePodsReading:
    found = _sorted(api.listed("v1/pods", probe.namespace, labels=probe.labels))
    known = makers(found, probe.namespace)
    return kube.KubePodsReading(
        pods=tuple(pod(one, known) for one in found),
        uids=tuple(sorted(one["metadata"]["uid"] for one in found)),
    )


def makers(found: Iterable[Object], namespace: str) -> dict[str, Object]:
    """ReplicaSets and Jobs by uid, as far as these pods are theirs."""
    kinds = {owner["kind"] for one in found if (owner := controller(one))}
    return {
        maker["metadata"]["uid"]: maker
        for kind in sorted(kinds & MADE_BY.keys())
        for maker in api.listed(MADE_BY[kind], namespace)
    }


def chain(one: Object, known: Mapping[str, Object]) -> list[Object]:
    """References to its owner, that one's, and so on; told by uid, since names come again."""
    found: list[Object] = []
    owner = controller(one)
    while owner and owner not in found:
        found.append(owner)
        above = known.get(owner["uid"])
        owner = controller(above) if above else None
    return found


def pod(one: Object, known: Mapping[str, Object]) -> kube.KubePod:
    about, spec, status = one["metadata"], one["spec"], one.get("status") or {}
    conditions = {found["type"]: found for found in status.get("conditions") or ()}
    states = {found["name"]: found for found in status.get("containerStatuses") or ()}
    trouble = next(
        (
            found.get("message") or found.get("reason", "")
            for name in ("PodScheduled", "Ready")
            if (found := conditions.get(name)) and found["status"] != "True"
        ),
        "",
    )
    return kube.KubePod(
        name=about["name"],
        namespace=about["namespace"],
        uid=about["uid"],
        node=spec.get("nodeName", ""),
        address=status.get("podIP", ""),
        phase=status.get("phase", ""),
        ready=conditions.get("Ready", {}).get("status") == "True",
        why=trouble,
        qos=status.get("qosClass", ""),
        made=about["creationTimestamp"],
        labels=about.get("labels") or {},
        owners=tuple(_called(owner) for owner in chain(one, known)),
        claims=tuple(
            found["persistentVolumeClaim"]["claimName"]
            for found in spec.get("volumes") or ()
            if "persistentVolumeClaim" in found
        ),
        containers=tuple(
            _container(wanted, states.get(wanted["name"], {})) for wanted in spec["containers"]
        ),
    )


def _container(wanted: Object, status: Object) -> kube.KubeContainer:
    state, last = _state(status.get("state")), status.get("lastState", {}).get("terminated", {})
    return kube.KubeContainer(
        name=wanted["name"],
        image=wanted.get("image", ""),
        image_id=status.get("imageID", ""),
        id=status.get("containerID", ""),
        state=state,
        ready=status.get("ready", False),
        restarts=status.get("restartCount", 0),
        last=last.get("reason", ""),
        last_code=last.get("exitCode"),
    )


def _state(state: Object | None) -> str:
    """ContainerState has exactly one of three fields."""
    for name, about in (state or {}).items():
        return "running" if name == "running" else str(about.get("reason", name))
    return ""


# -- workloads -------------------------------------------------------------------------------------


def workload(probe: kube.KubeWorkloadProbe) -> kube.KubeWorkloadReading:
    found = api.get(kube.WORKLOADS[probe.kind], probe.namespace, probe.workload)
    if found is None:
        return kube.KubeWorkloadReading(exists=False)
    there = _sorted(api.listed("v1/pods", probe.namespace))
    known = makers(there, probe.namespace)
    about, spec, status = found["metadata"], found["spec"], found.get("status") or {}
    own = [one for one in there if about["uid"] in [owner["uid"] for owner in chain(one, known)]]
    sets = [
        one for one in known.values() if (owner := controller(one)) and owner["uid"] == about["uid"]
    ]
    if probe.kind == "Deployment":
        # Old ones have no pods any more, so they are not among the pods' makers.
        every = api.listed(MADE_BY["ReplicaSet"], probe.namespace)
        sets = [one for one in every if (owner := controller(one)) and owner["uid"] == about["uid"]]
    counts = _counts(probe.kind, spec, status)
    members = tuple(pod(one, known) for one in own)
    return kube.KubeWorkloadReading(
        kind=probe.kind,
        name=about["name"],
        uid=about["uid"],
        # A Job's status has no observedGeneration, and its template cannot change.
        settled=status.get("observedGeneration", about.get("generation", 0))
        == about.get("generation", 0),
        wanted=counts["wanted"],
        ready=counts["ready"],
        updated=counts["updated"],
        available=counts["available"],
        images=_images(spec["template"]["spec"]),
        conditions={
            one["type"]: f"{one['status']} {one.get('reason', '')}".strip()
            for one in status.get("conditions") or ()
        },
        revision=int((about.get("annotations") or {}).get(REVISION, 0)),
        revisions=tuple(sorted(map(_revision, sets), key=lambda one: one.number)),
        pods=members,
        uids=tuple(sorted(one.uid for one in members)),
        restarts=sum(one.restarts for one in members),
    )


def _counts(kind: str, spec: Object, status: Object) -> dict[str, int]:
    names = {
        "wanted": "replicas", "ready": "readyReplicas",
        "updated": "updatedReplicas", "available": "availableReplicas",
    }  # fmt: skip
    wanted = spec.get("replicas", 1)
    if kind == "DaemonSet":
        names = {
            "wanted": "desiredNumberScheduled", "ready": "numberReady",
            "updated": "updatedNumberScheduled", "available": "numberAvailable",
        }  # fmt: skip
        wanted = status.get("desiredNumberScheduled", 0)
    elif kind == "Job":
        names = dict.fromkeys(names, "succeeded")
        wanted = spec.get("completions", 1)
    return {name: status.get(field, 0) for name, field in names.items()} | {"wanted": wanted}


def _images(spec: Object) -> tuple[str, ...]:
    return tuple(one.get("image", "") for one in spec["containers"])


def _revision(one: Object) -> kube.KubeRevision:
    return kube.KubeRevision(
        number=int((one["metadata"].get("annotations") or {}).get(REVISION, 0)),
        images=_images(one["spec"]["template"]["spec"]),
        replicas=one["spec"].get("replicas", 0),
    )


# -- services, nodes, claims, events ---------------------------------------------------------------


def service(probe: kube.KubeServiceProbe) -> kube.KubeServiceReading:
    found = api.get("v1/services", probe.namespace, probe.service)
    if found is None:
        return kube.KubeServiceReading(exists=False)
    spec = found["spec"]
    slices = api.listed(
        "discovery.k8s.io/v1/endpointslices",
        probe.namespace,
        labels=f"kubernetes.io/service-name={probe.service}",
    )
    return kube.KubeServiceReading(
        type=spec["type"],
        address=spec.get("clusterIP", ""),
        selector=spec.get("selector") or {},
        ports=tuple(
            kube.KubeServicePort(
                port=one["port"],
                target=str(one.get("targetPort", "")),
                node_port=one.get("nodePort", 0),
                protocol=one.get("protocol", "TCP"),
                name=one.get("name", ""),
            )
            for one in spec.get("ports") or ()
        ),
        endpoints=tuple(
            sorted(
                (one for piece in slices for one in _endpoints(piece)),
                key=lambda one: (one.address, one.port),
            )
        ),
    )


def _endpoints(piece: Object) -> Iterable[kube.KubeEndpoint]:
    for one in piece.get("endpoints") or ():
        for address in one["addresses"]:
            for port in piece.get("ports") or ():
                yield kube.KubeEndpoint(
                    address,
                    port.get("port", 0),
                    # Not told means that it is (discovery.k8s.io/v1, EndpointConditions).
                    ready=one.get("conditions", {}).get("ready", True),
                    node=one.get("nodeName", ""),
                    pod=(one.get("targetRef") or {}).get("name", ""),
                )


def nodes(_: kube.KubeNodesProbe) -> kube.KubeNodesReading:
    return kube.KubeNodesReading(nodes=tuple(_node(one) for one in _sorted(api.listed("v1/nodes"))))


def _node(one: Object) -> kube.KubeNode:
    about, spec, status = one["metadata"], one["spec"], one.get("status") or {}
    addresses = {found["type"]: found["address"] for found in status.get("addresses") or ()}
    conditions = {found["type"]: found["status"] for found in status.get("conditions") or ()}
    return kube.KubeNode(
        name=about["name"],
        uid=about["uid"],
        ready=conditions.get("Ready", "Unknown"),
        schedulable=not spec.get("unschedulable", False),
        address=addresses.get("InternalIP", ""),
        pods=spec.get("podCIDR", ""),
        labels=about.get("labels") or {},
        taints=tuple(_taint(found) for found in spec.get("taints") or ()),
        version=status.get("nodeInfo", {}).get("kubeletVersion", ""),
    )


def _taint(one: Object) -> str:
    value = f"={one['value']}" if one.get("value") else ""
    return f"{one['key']}{value}:{one['effect']}"


def allowed(probe: kube.KubeAllowedProbe) -> kube.KubeAllowedReading:
    resource, _, part = probe.resource.partition("/")
    wish = {"verb": probe.verb, "resource": resource, "group": probe.group}
    more = {"subresource": part, "namespace": probe.namespace, "name": probe.only}
    spec: Object = {
        "user": probe.user,
        "groups": _groups(probe.user),
        "resourceAttributes": wish | {name: value for name, value in more.items() if value},
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": spec,
    }
    path = api.base("authorization.k8s.io/v1/subjectaccessreviews")
    status = api.request("POST", path, body)["status"]
    return kube.KubeAllowedReading(allowed=status["allowed"], reason=status.get("reason", ""))


def _groups(user: str) -> list[str]:
    """Those that the API server gives to everybody, and to service accounts."""
    prefix, _, rest = user.rpartition("system:serviceaccount:")
    if prefix or not rest or ":" not in rest or rest == user:
        return ["system:authenticated"]
    own = f"system:serviceaccounts:{rest.partition(':')[0]}"
    return ["system:authenticated", "system:serviceaccounts", own]


def claim(probe: kube.KubeClaimProbe) -> kube.KubeClaimReading:
    found = api.get("v1/persistentvolumeclaims", probe.namespace, probe.claim)
    if found is None:
        return kube.KubeClaimReading(exists=False)
    spec, status = found["spec"], found.get("status") or {}
    name = spec.get("volumeName", "")
    volume = api.get("v1/persistentvolumes", "", name) if name else None
    terms = at(volume, "spec.nodeAffinity.required.nodeSelectorTerms") if volume else None
    hosts = [
        value
        for term in terms or ()
        for one in term.get("matchExpressions") or ()
        if one["key"] == "kubernetes.io/hostname"
        for value in one.get("values") or ()
    ]
    return kube.KubeClaimReading(
        phase=status.get("phase", ""),
        volume=name,
        storage_class=spec.get("storageClassName", ""),
        capacity=(status.get("capacity") or {}).get("storage", ""),
        reclaim=(at(volume, "spec.persistentVolumeReclaimPolicy") or "") if volume else "",
        node=" ".join(hosts),
    )


def events(probe: kube.KubeEventsProbe) -> kube.KubeEventsReading:
    kind, _, name = probe.about.partition("/")
    fields = f"involvedObject.kind={kind},involvedObject.name={name}" if name else ""
    found = [_event(one) for one in api.listed("v1/events", probe.namespace, fields=fields)]
    return kube.KubeEventsReading(events=tuple(sorted(found, key=lambda one: one.at)))


def _event(one: Object) -> kube.KubeEvent:
    about = one["involvedObject"]
    series = one.get("series") or {}
    at = series.get("lastObservedTime") or one.get("lastTimestamp") or one.get("eventTime") or ""
    return kube.KubeEvent(
        about=f"{about.get('kind', '')}/{about.get('name', '')}",
        reason=one.get("reason", ""),
        message=one.get("message", ""),
        kind=one.get("type", ""),
        count=series.get("count") or one.get("count") or 1,
        at=at,
    )


READERS: Final[dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]]] = {
    kube.KubeAllowedProbe: _in_a_cluster(allowed),
    kube.KubeClaimProbe: _in_a_cluster(claim),
    kube.KubeEventsProbe: _in_a_cluster(events),
    kube.KubeNodesProbe: _in_a_cluster(nodes),
    kube.KubeObjectsProbe: _in_a_cluster(objects),
    kube.KubePodsProbe: _in_a_cluster(pods),
    kube.KubeServiceProbe: _in_a_cluster(service),
    kube.KubeWorkloadProbe: _in_a_cluster(workload),
}
