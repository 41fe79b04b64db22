"""A cluster and what is applied to it."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from lab_engine.common.resource import Need, Resource, Stage

MOST_WORKERS: Final = 5
MOST_SIMULATED: Final = 200
"""The cluster's range for pods has room for 256 nodes."""
LEAST_MEMORY: Final = 256
"""MiB below which a node's own programs leave nothing for a pod."""


class Cluster(Resource, frozen=True, kw_only=True, tag="cluster"):
    """A Kubernetes cluster, made by kubeadm: `cp` is the control plane, `w1` and on are workers.

    Needs the pack `kubernetes` in the lesson, and `docker` among the step's daemons: each node is a
    container of the bench's engine. There is one in a bench, always at the same addresses. What
    `kubectl` of the learner talks to is this one.

    Args:
        workers: how many; with 0 the control plane takes ordinary pods.
        memory: MiB that each worker has; 0 for all of the bench's.

    Example::

        Cluster("lab", workers=2)
    """

    workers: int = 2
    memory: int = 1024

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?\Z")

    def validate(self) -> None:
        if not 0 <= self.workers <= MOST_WORKERS:
            raise self.wrong("workers", f"{self.workers} is not from 0 to {MOST_WORKERS}")
        if self.memory and self.memory < LEAST_MEMORY:
            raise self.wrong("memory", f"{self.memory} MiB are below {LEAST_MEMORY}, and not 0")

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of its nodes, the control plane first."""
        return ("cp", *(f"w{number}" for number in range(1, self.workers + 1)))


class Manifest(Resource, frozen=True, kw_only=True, tag="manifest"):
    r"""Objects as one writes them for `kubectl apply -f`, in a cluster of the step.

    It is ready when each of them is: a workload has all its pods ready, a pod is ready or has
    succeeded, a job is complete, a claim that need not wait for a pod is bound.

    Args:
        cluster: the name of a `Cluster` of the step.
        text: YAML; several documents are parted by `---`.
        ready: whether to wait for that.

    Example::

        Manifest(
            "site",
            cluster="lab",
            text=(
                "apiVersion: v1\n"
                "kind: ConfigMap\n"
                "metadata: {name: site}\n"
                "data: {colour: green}\n"
            ),
        )
    """

    cluster: str
    text: str
    ready: bool = True

    def validate(self) -> None:
        if not re.search(r"^\s*kind:\s*\S|\bkind:", self.text, re.MULTILINE):
            raise self.wrong("text", "there is no object in it: none has a `kind`")

    def needs(self) -> tuple[Need, ...]:
        return (Need(f"cluster/{self.cluster}", "running"),)

    def final_stage(self) -> Stage:
        return "answers" if self.ready else "created"


class Registry(Resource, frozen=True, kw_only=True, tag="registry"):
    """A registry for container images in the bench, from which a cluster's nodes pull.

    `docker push registry.bench:5000/NAME:TAG` in the bench; a pod names the same image. It speaks
    plain HTTP: Docker trusts it as it trusts all of its own machine's, and each node's containerd
    trusts that one name (`/etc/containerd/certs.d/registry.bench:5000/hosts.toml`).

    Needs the pack `registry` in the lesson beside `kubernetes`, and `Image("registry")` in the
    step. There is one in a bench. Its container, called `name`, is in the bench's own network.

    Args:
        cluster: the name of a `Cluster` of the step.

    Example::

        Registry("registry", cluster="lab")
    """

    cluster: str

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z0-9][a-z0-9-]{1,40}\Z")

    def needs(self) -> tuple[Need, ...]:
        return (Need(f"cluster/{self.cluster}", "running"), Need("image/registry"))

    def final_stage(self) -> Stage:
        return "answers"


class SimulatedNodes(Resource, frozen=True, kw_only=True, tag="simulated-nodes"):
    """Nodes of a cluster without machines: `NAME-1` and on, whose kubelets kwok plays.

    The scheduler gives them pods as to any others, and those are said to run; nothing runs. For
    what the control plane does with many nodes: scheduling, spreading, draining, rolling out.
    `kubectl logs` and `exec` find nobody there. They have the label `type=simulated` and the taint
    `kwok.x-k8s.io/node=fake:NoSchedule`, so that only a pod that tolerates it goes there.

    Needs the pack `kwok` in the lesson, which brings `kubernetes` along.

    Args:
        cluster: the name of a `Cluster` of the step.
        nodes: how many.
        cpus: how many each has.
        memory: MiB that each has.
        tainted: whether they have that taint.

    Example::

        SimulatedNodes("far", cluster="lab", nodes=20)
    """

    cluster: str
    nodes: int = 10
    cpus: int = 4
    memory: int = 8192
    tainted: bool = True

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?\Z")

    def validate(self) -> None:
        if not 1 <= self.nodes <= MOST_SIMULATED:
            raise self.wrong("nodes", f"{self.nodes} is not from 1 to {MOST_SIMULATED}")
        for field in ("cpus", "memory"):
            if (value := getattr(self, field)) < 1:
                raise self.wrong(field, f"{value} is not 1 or more")

    def needs(self) -> tuple[Need, ...]:
        return (Need(f"cluster/{self.cluster}", "running"),)

    def final_stage(self) -> Stage:
        return "answers"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes."""
        return tuple(f"{self.name}-{number}" for number in range(1, self.nodes + 1))
