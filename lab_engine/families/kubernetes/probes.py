"""Questions about a cluster, answered by its API server.

Readings have the names of the API (kubernetes.io/docs/reference/kubernetes-api). Objects that are
being deleted are left out everywhere. A change of an object wakes who asked, by the topic
`kube:PLURAL` such as `kube:pods`; `exists` is False as well where no cluster answers.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

import msgspec

from lab_engine.common.probe import Probe, Reading

DEFAULT: Final = "default"
WORKLOADS: Final = {
    "Deployment": "apps/v1/deployments",
    "StatefulSet": "apps/v1/statefulsets",
    "DaemonSet": "apps/v1/daemonsets",
    "Job": "batch/v1/jobs",
}
"""Kinds that have pods, each as the API's path names it."""
WorkloadKind = Literal["Deployment", "StatefulSet", "DaemonSet", "Job"]


def topic(resource: str) -> str:
    return f"kube:{resource.rpartition('/')[2]}"


class KubeObject(msgspec.Struct, frozen=True):
    """Any object. `owner` is its controller, as `ReplicaSet/web-5d9`; `fields` those asked for."""

    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner: str = ""
    fields: dict[str, Any] = {}


class KubeObjectsReading(Reading, frozen=True):
    exists: bool = True
    objects: tuple[KubeObject, ...] = ()

    drifts: ClassVar[frozenset[str]] = frozenset({"objects"})

    def named(self, name: str) -> KubeObject | None:
        """The one of that name; the first one where several namespaces have it."""
        return next((one for one in self.objects if one.name == name), None)


class KubeObjectsProbe(Probe[KubeObjectsReading], frozen=True, tag="kube-objects"):
    """Objects of one kind, sorted by namespace and name.

    Args:
        resource: the API's path: `v1/configmaps`, `apps/v1/deployments`.
        namespace: empty for all of them, and for objects that are in none.
        labels: a selector, as after `kubectl get -l`.
        fields: what is told of each, as paths: `spec.replicas`, `data.colour`. A part with dots in
            it cannot be named. What is not there is left out.

    Example::

        KubeObjectsProbe("v1/configmaps", "default", fields=("data.colour",))
        any(one.fields.get("data.colour") == "green" for one in reading.objects)
    """

    resource: str
    namespace: str = DEFAULT
    labels: str = ""
    fields: tuple[str, ...] = ()

    reading: ClassVar[type[msgspec.Struct]] = KubeObjectsReading

    def topics(self) -> frozenset[str]:
        return frozenset({topic(self.resource)})


class KubeContainer(msgspec.Struct, frozen=True):
    """A container of a pod. `state` is `running`, or the reason why it waits or has ended.

    `image_id` is what its node runs, `last` why it ended the last time, `last_code` with what.
    """

    name: str
    image: str = ""
    image_id: str = ""
    id: str = ""
    state: str = ""
    ready: bool = False
    restarts: int = 0
    last: str = ""
    last_code: int | None = None


class KubePod(msgspec.Struct, frozen=True):
    """A pod. `owners` is the chain upwards, such as `("ReplicaSet/web-5d9", "Deployment/web")`.

    `why` is the message of what keeps it from being scheduled or ready, `made` its
    creationTimestamp, `claims` what of its volumes are PersistentVolumeClaims.
    """

    name: str
    namespace: str = DEFAULT
    uid: str = ""
    node: str = ""
    address: str = ""
    phase: str = ""
    ready: bool = False
    why: str = ""
    qos: str = ""
    made: str = ""
    labels: dict[str, str] = {}
    owners: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    containers: tuple[KubeContainer, ...] = ()

    @property
    def restarts(self) -> int:
        return sum(one.restarts for one in self.containers)


class KubePodsReading(Reading, frozen=True):
    """`uids` tells who is there: no pod gets another one, or goes, by itself."""

    exists: bool = True
    pods: tuple[KubePod, ...] = ()
    uids: tuple[str, ...] = ()

    drifts: ClassVar[frozenset[str]] = frozenset({"pods"})

    def named(self, name: str) -> KubePod | None:
        return next((one for one in self.pods if one.name == name), None)


class KubePodsProbe(Probe[KubePodsReading], frozen=True, tag="kube-pods"):
    """The pods of a namespace, sorted by name; empty for all namespaces.

    Example::

        KubePodsProbe(labels="app=web")
        {pod.node for pod in reading.pods if pod.ready} == {"w1", "w2"}
    """

    namespace: str = DEFAULT
    labels: str = ""

    reading: ClassVar[type[msgspec.Struct]] = KubePodsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"kube:pods"})


class KubeRevision(msgspec.Struct, frozen=True):
    """One template of a Deployment that its ReplicaSets remember."""

    number: int
    images: tuple[str, ...] = ()
    replicas: int = 0


class KubeWorkloadReading(Reading, frozen=True):
    """`settled`: its controller has seen the latest wish (observedGeneration of its status).

    `conditions` are by type, each as `True MinimumReplicasAvailable`. `revisions` are in order, and
    `revision` is the present one; both of a Deployment only. `pods` are its own, by its owners'
    chain, `uids` theirs, and `restarts` how often their containers were started again.
    """

    exists: bool = True
    kind: str = ""
    name: str = ""
    uid: str = ""
    settled: bool = False
    wanted: int = 0
    ready: int = 0
    updated: int = 0
    available: int = 0
    images: tuple[str, ...] = ()
    conditions: dict[str, str] = msgspec.field(default_factory=dict)
    revision: int = 0
    revisions: tuple[KubeRevision, ...] = ()
    pods: tuple[KubePod, ...] = ()
    uids: tuple[str, ...] = ()
    restarts: int = 0

    drifts: ClassVar[frozenset[str]] = frozenset({"pods", "conditions"})

    @property
    def whole(self) -> bool:
        """Whether all that is wanted is there, of the latest template, and nothing else."""
        same = self.wanted == self.ready == self.updated == len(self.pods)
        return self.exists and self.settled and same


class KubeWorkloadProbe(Probe[KubeWorkloadReading], frozen=True, tag="kube-workload"):
    """A Deployment, StatefulSet, DaemonSet or Job, with its pods.

    Of a Job `ready` counts the pods that have succeeded.

    Example::

        KubeWorkloadProbe("Deployment", "web")
        reading.whole and reading.images == ("web:2.0",)
    """

    kind: WorkloadKind
    workload: str
    namespace: str = DEFAULT

    reading: ClassVar[type[msgspec.Struct]] = KubeWorkloadReading

    def topics(self) -> frozenset[str]:
        return frozenset({"kube:pods", "kube:replicasets", topic(WORKLOADS[self.kind])})


class KubeEndpoint(msgspec.Struct, frozen=True):
    """Where a service leads: an address of a pod at a port."""

    address: str
    port: int
    ready: bool = False
    node: str = ""
    pod: str = ""


class KubeServicePort(msgspec.Struct, frozen=True):
    port: int
    target: str = ""
    node_port: int = 0
    protocol: str = "TCP"
    name: str = ""


class KubeServiceReading(Reading, frozen=True):
    """`address` is its ClusterIP; `None` of a headless one."""

    exists: bool = True
    type: str = ""
    address: str = ""
    selector: dict[str, str] = msgspec.field(default_factory=dict)
    ports: tuple[KubeServicePort, ...] = ()
    endpoints: tuple[KubeEndpoint, ...] = ()

    drifts: ClassVar[frozenset[str]] = frozenset({"endpoints"})


class KubeServiceProbe(Probe[KubeServiceReading], frozen=True, tag="kube-service"):
    """A service with the endpoints of its slices.

    Example::

        KubeServiceProbe("web")
        sum(one.ready for one in reading.endpoints) == 3
    """

    service: str
    namespace: str = DEFAULT

    reading: ClassVar[type[msgspec.Struct]] = KubeServiceReading

    def topics(self) -> frozenset[str]:
        return frozenset({"kube:services", "kube:endpointslices"})


class KubeNode(msgspec.Struct, frozen=True):
    """`ready` is `True`, `False` or `Unknown`; `taints` as `key=value:NoSchedule`."""

    name: str
    uid: str = ""
    ready: str = ""
    schedulable: bool = True
    address: str = ""
    pods: str = ""
    labels: dict[str, str] = {}
    taints: tuple[str, ...] = ()
    version: str = ""


class KubeNodesReading(Reading, frozen=True):
    """`pods` of a node is its range of addresses for pods."""

    exists: bool = True
    nodes: tuple[KubeNode, ...] = ()

    def named(self, name: str) -> KubeNode | None:
        return next((one for one in self.nodes if one.name == name), None)


class KubeNodesProbe(Probe[KubeNodesReading], frozen=True, tag="kube-nodes"):
    """The nodes of the cluster, sorted by name.

    Example::

        KubeNodesProbe()
        all(node.ready == "True" for node in reading.nodes)
    """

    reading: ClassVar[type[msgspec.Struct]] = KubeNodesReading

    def topics(self) -> frozenset[str]:
        return frozenset({"kube:nodes"})


class KubeAllowedReading(Reading, frozen=True):
    exists: bool = True
    allowed: bool = False
    reason: str = ""


class KubeAllowedProbe(Probe[KubeAllowedReading], frozen=True, tag="kube-allowed"):
    """What the API server would say to somebody, by a SubjectAccessReview.

    Args:
        user: `anna`, or `system:serviceaccount:NAMESPACE:NAME`.
        verb: `get`, `list`, `create`, ...
        resource: the plural: `pods`, `deployments`; with a subresource `pods/log`.
        namespace: empty for all of them.
        group: the API group of the resource; empty for the first one, as for pods.
        only: the name of one object; empty for any.

    Example::

        KubeAllowedProbe("system:serviceaccount:default:reader", "list", "pods")
        reading.allowed
    """

    user: str
    verb: str
    resource: str
    namespace: str = DEFAULT
    group: str = ""
    only: str = ""

    reading: ClassVar[type[msgspec.Struct]] = KubeAllowedReading

    def topics(self) -> frozenset[str]:
        names = ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
        return frozenset(f"kube:{name}" for name in names)


class KubeClaimReading(Reading, frozen=True):
    """`volume` is the PersistentVolume that it is bound to, `node` where that one must be used."""

    exists: bool = True
    phase: str = ""
    volume: str = ""
    storage_class: str = ""
    capacity: str = ""
    reclaim: str = ""
    node: str = ""


class KubeClaimProbe(Probe[KubeClaimReading], frozen=True, tag="kube-claim"):
    """A PersistentVolumeClaim with the volume that it got.

    Example::

        KubeClaimProbe("data")
        reading.phase == "Bound"
    """

    claim: str
    namespace: str = DEFAULT

    reading: ClassVar[type[msgspec.Struct]] = KubeClaimReading

    def topics(self) -> frozenset[str]:
        return frozenset({"kube:persistentvolumeclaims", "kube:persistentvolumes"})


class KubeEvent(msgspec.Struct, frozen=True):
    """What a component told: `about` is `Pod/web-5d9-x2`, `count` how often."""

    about: str
    reason: str
    message: str = ""
    kind: str = ""
    count: int = 1
    at: str = ""


class KubeEventsReading(Reading, frozen=True):
    exists: bool = True
    events: tuple[KubeEvent, ...] = ()

    drifts: ClassVar[frozenset[str]] = frozenset({"events"})


class KubeEventsProbe(Probe[KubeEventsReading], frozen=True, tag="kube-events"):
    """The events of a namespace, the oldest first; `about` narrows them to one object.

    The API server keeps them for an hour.

    Example::

        KubeEventsProbe(about="Pod/web")
        any(one.reason == "Unhealthy" for one in reading.events)
    """

    namespace: str = DEFAULT
    about: str = ""

    reading: ClassVar[type[msgspec.Struct]] = KubeEventsReading

    def topics(self) -> frozenset[str]:
        return frozenset({"kube:events"})


PROBES: Final[tuple[type[Probe[Any]], ...]] = (
    KubeAllowedProbe,
    KubeClaimProbe,
    KubeEventsProbe,
    KubeNodesProbe,
    KubeObjectsProbe,
    KubePodsProbe,
    KubeServiceProbe,
    KubeWorkloadProbe,
)
