"""Statements about workloads, their pods and claims that a lab can require (client side).

Objects that are being deleted never count. The reasons are the same in every lab, so that a near
miss names them: see the list in each docstring.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lab_engine.common.evidence import See, require
from lab_engine.families.kubernetes.probes import (
    DEFAULT,
    KubeClaimProbe,
    KubeClaimReading,
    KubePod,
    KubePodsProbe,
    KubeWorkloadProbe,
    KubeWorkloadReading,
    WorkloadKind,
)


def kubectl(words: str, namespace: str = DEFAULT) -> str:
    """What a learner types, with the namespace where it is another one."""
    return f"kubectl {words}" + ("" if namespace == DEFAULT else f" -n {namespace}")


def listed(words: Collection[str]) -> str:
    return ", ".join(sorted(words)) or "none"


async def require_workload(
    see: See,
    kind: WorkloadKind,
    name: str,
    *,
    namespace: str = DEFAULT,
    replicas: int | None = None,
    images: Collection[str] | None = None,
    nodes: Collection[str] | None = None,
) -> KubeWorkloadReading:
    """A workload works: all pods that it wants are ready, and of its latest template.

        await require_workload(see, "Deployment", "web", replicas=3, images=["web:1.0"])
        await require_workload(see, "DaemonSet", "logs", nodes=["cp", "w1", "w2"])

    Its status counts only once its controller has seen the latest wish, and the pods are counted by
    their owners. Of a Job the pods must have succeeded. One round trip.

    Reasons, in this order: `absent`, `other-replicas`, `other-images`, `not-settled`, `not-ready`,
    `old-pods`, `other-nodes`.

    Args:
        see: the check's way to ask.
        kind: `Deployment`, `StatefulSet`, `DaemonSet`, `Job`.
        name: its name.
        namespace: where it is.
        replicas: how many pods it must want; None for any number above 0.
        images: those of its containers, all of them; None for any.
        nodes: where its pods run: on each of them one or more, and nowhere else; None for any.
    """
    found = await see(KubeWorkloadProbe(kind, name, namespace))
    called = f"{kind} {name}"
    short = f"{kind.lower()} {name}"
    require(
        found.exists,
        "absent",
        expected=f"There is a {called} in {namespace}.",
        observed="There is none.",
        look=kubectl(f"get {kind.lower()}s", namespace),
    )
    require(
        found.wanted > 0 if replicas is None else found.wanted == replicas,
        "other-replicas",
        expected=f"{called} wants {'pods' if replicas is None else f'{replicas} of them'}.",
        observed=f"It wants {found.wanted}.",
        look=kubectl(f"get {short}", namespace),
    )
    require(
        images is None or sorted(found.images) == sorted(images),
        "other-images",
        expected=f"Its template has {listed(images or ())}.",
        observed=f"It has {listed(found.images)}.",
        look=kubectl(f"get {short} -o wide", namespace),
    )
    require(
        found.settled,
        "not-settled",
        expected=f"The controller has seen the latest change of {called}.",
        observed="It has not yet.",
        look=kubectl(f"get {short} -o yaml", namespace),
    )
    why = next((pod.why for pod in found.pods if not pod.ready and pod.why), "")
    require(
        found.ready >= found.wanted,
        "not-ready",
        expected=f"{found.wanted} pods of {called} {_done(kind)}.",
        observed=f"{found.ready} {'did' if kind == 'Job' else 'are'}."
        + (f" One says: {why}" if why else ""),
        look=kubectl(f"get pods; kubectl describe {short}", namespace),
    )
    require(
        kind == "Job" or (found.updated == found.wanted and len(found.pods) == found.wanted),
        "old-pods",
        expected=f"All pods of {called} are of its latest template.",
        observed=f"{found.updated} of {len(found.pods)} are.",
        look=kubectl("get pods --show-labels", namespace),
    )
    homes = {pod.node for pod in found.pods}
    require(
        nodes is None or homes == set(nodes),
        "other-nodes",
        expected=f"Its pods run on {listed(nodes or ())}.",
        observed=f"They run on {listed(homes)}.",
        look=kubectl("get pods -o wide", namespace),
    )
    return found


def _done(kind: str) -> str:
    return "have succeeded" if kind == "Job" else "are ready"


async def require_rollout(
    see: See,
    name: str,
    *,
    namespace: str = DEFAULT,
    images: Collection[str],
    before: Collection[str] | None = None,
) -> KubeWorkloadReading:
    """A Deployment was rolled out since the step began, and the rollout is finished.

        await require_rollout(see, "web", images=["web:2.0"], before=["web:1.0"])

    Told by its revisions: a Deployment that was deleted and made anew has no earlier ones.

    Reasons: those of `require_workload`, then `made-anew`, `no-rollout`, `other-history`.

    Args:
        see: the check's way to ask.
        name: the Deployment.
        namespace: where it is.
        images: those of its containers now.
        before: those of the revision before this one, by its number; None for any.
    """
    start = await see.before(KubeWorkloadProbe("Deployment", name, namespace))
    found = await require_workload(see, "Deployment", name, namespace=namespace, images=images)
    look = kubectl(f"rollout history deployment/{name}", namespace)
    require(
        not start.exists or start.uid == found.uid,
        "made-anew",
        expected=f"Deployment {name} is the one that was there.",
        observed="It was deleted and made anew.",
        look=kubectl(f"get deployment {name}", namespace),
    )
    require(
        found.revision > start.revision,
        "no-rollout",
        expected=f"Deployment {name} was rolled out anew.",
        observed=f"It still has revision {found.revision}.",
        look=look,
    )
    earlier = [one for one in found.revisions if one.number < found.revision]
    last = earlier[-1].images if earlier else ()
    require(
        before is None or sorted(last) == sorted(before),
        "other-history",
        expected=f"Before it was {listed(before or ())}.",
        observed=f"It was {listed(last)}.",
        look=look,
    )
    return found


async def require_same_pod(
    see: See,
    name: str,
    *,
    namespace: str = DEFAULT,
    restarts: int | None = 0,
) -> KubePod:
    """A pod is the one that was there when the step began, and works.

        await require_same_pod(see, "keeper")
        await require_same_pod(see, "keeper", restarts=None)    # its container was restarted

    Reasons: `absent`, `made-anew`, `not-ready`, `restarted`, `not-restarted`.

    Args:
        see: the check's way to ask.
        name: the pod.
        namespace: where it is.
        restarts: how often its containers were started again since then; None for once or more.
    """
    probe = KubePodsProbe(namespace)
    start = (await see.before(probe)).named(name)
    found = (await see(probe)).named(name)
    look = kubectl(f"get pod {name} -o wide", namespace)
    require(
        found is not None,
        "absent",
        expected=f"There is a pod {name} in {namespace}.",
        observed="There is none.",
        look=kubectl("get pods", namespace),
    )
    assert found is not None
    require(
        start is not None and start.uid == found.uid,
        "made-anew",
        expected=f"{name} is the pod that was there when this step began.",
        observed=f"It is a new one, made at {found.made}.",
        look=kubectl(f"get pod {name} -o jsonpath='{{.metadata.uid}}'", namespace),
    )
    require(
        found.ready,
        "not-ready",
        expected=f"The pod {name} is ready.",
        observed=f"It is not: {found.why or found.phase}",
        look=look,
    )
    more = found.restarts - (start.restarts if start else 0)
    require(
        more > 0 if restarts is None else more <= restarts,
        "not-restarted" if restarts is None else "restarted",
        expected="A container of it was started again."
        if restarts is None
        else f"Its containers were started again {restarts} times at the most.",
        observed=f"They were {more} times.",
        look=look,
    )
    require(
        restarts is None or more == restarts,
        "not-restarted",
        expected=f"Its containers were started again {restarts} times.",
        observed=f"They were {more} times.",
        look=look,
    )
    return found


async def require_claim(
    see: See,
    name: str,
    *,
    namespace: str = DEFAULT,
    storage_class: str | None = None,
    mounted_by: str = "",
) -> KubeClaimReading:
    """A PersistentVolumeClaim is bound.

        await require_claim(see, "data", storage_class="local-path", mounted_by="keeper")

    Reasons: `absent`, `not-bound`, `other-class`, `not-mounted`.

    Args:
        see: the check's way to ask.
        name: the claim.
        namespace: where it is.
        storage_class: empty for none; None for any.
        mounted_by: a pod that is ready and has it among its volumes; empty for no matter.
    """
    found, pods = await see(KubeClaimProbe(name, namespace), KubePodsProbe(namespace))
    look = kubectl(f"describe pvc {name}", namespace)
    require(
        found.exists,
        "absent",
        expected=f"There is a claim {name} in {namespace}.",
        observed="There is none.",
        look=kubectl("get pvc", namespace),
    )
    require(
        found.phase == "Bound" and found.volume,
        "not-bound",
        expected=f"The claim {name} is bound to a volume.",
        observed=f"It is {found.phase or 'new'}.",
        look=look,
    )
    require(
        storage_class is None or found.storage_class == storage_class,
        "other-class",
        expected=f"Its class is {storage_class or 'none'}.",
        observed=f"It is {found.storage_class or 'none'}.",
        look=look,
    )
    pod = pods.named(mounted_by) if mounted_by else None
    require(
        not mounted_by or (pod is not None and pod.ready and name in pod.claims),
        "not-mounted",
        expected=f"The pod {mounted_by} is ready and has {name} among its volumes.",
        observed="There is no such pod."
        if pod is None
        else "It is not ready."
        if not pod.ready
        else f"It has {listed(pod.claims)}.",
        look=kubectl("get pods", namespace),
    )
    return found


async def require_pods(
    see: See,
    labels: Mapping[str, str],
    *,
    namespace: str = DEFAULT,
    count: int | None = None,
    nodes: Collection[str] | None = None,
) -> tuple[KubePod, ...]:
    """Pods with these labels are ready, and no other pod has them.

        await require_pods(see, {"app": "web"}, count=2, nodes=["w2"])

    Reasons: `no-pods`, `other-count`, `not-ready`, `other-nodes`.

    Args:
        see: the check's way to ask.
        labels: all of them.
        namespace: where they are.
        count: how many; None for one or more.
        nodes: where they run: on each of them one or more, and nowhere else; None for any.
    """
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    found = (await see(KubePodsProbe(namespace, selector))).pods
    look = kubectl(f"get pods -l {selector} -o wide", namespace)
    require(
        found,
        "no-pods",
        expected=f"There are pods with {selector} in {namespace}.",
        observed="There is none.",
        look=kubectl("get pods --show-labels", namespace),
    )
    require(
        count is None or len(found) == count,
        "other-count",
        expected=f"{count} pods have {selector}.",
        observed=f"{len(found)} have.",
        look=look,
    )
    waiting = [pod for pod in found if not pod.ready]
    require(
        not waiting,
        "not-ready",
        expected="All of them are ready.",
        observed=f"{waiting[0].name} is not: {waiting[0].why or waiting[0].phase}"
        if waiting
        else "",
        look=look,
    )
    homes = {pod.node for pod in found}
    require(
        nodes is None or homes == set(nodes),
        "other-nodes",
        expected=f"They run on {listed(nodes or ())}.",
        observed=f"They run on {listed(homes)}.",
        look=look,
    )
    return found
