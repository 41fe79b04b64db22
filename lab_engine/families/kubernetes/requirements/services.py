"""Statements about services, policies and rights that a lab can require (client side)."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.common import place
from lab_engine.common.evidence import Look, See, require
from lab_engine.common.place import BENCH, Place
from lab_engine.families.kubernetes.probes import (
    DEFAULT,
    KubeAllowedProbe,
    KubeAllowedReading,
    KubeEndpoint,
    KubeObjectsProbe,
    KubePodsProbe,
    KubeServiceProbe,
    KubeServiceReading,
)
from lab_engine.families.kubernetes.requirements.workloads import kubectl
from lab_engine.families.netlink.probes.reach import ConnectProbe, HttpProbe, HttpReading

POLICIES = "networking.k8s.io/v1/networkpolicies"
ENOUGH = 0.8
"""Seconds in which a pod of the same machine answers, if it ever does."""


async def require_endpoints(
    see: See, name: str, *, namespace: str = DEFAULT, count: int | None = None
) -> tuple[KubeEndpoint, ...]:
    """A service has endpoints, and each that counts as ready takes a TCP connection.

        await require_endpoints(see, "web", count=3)

    The bench itself opens the connections, to the pods' own addresses. Two round trips.

    Reasons: `absent`, `no-endpoints`, `other-count`, `no-answer`.

    Args:
        see: the check's way to ask.
        name: the service.
        namespace: where it is.
        count: how many are ready; None for one or more.
    """
    found = await see(KubeServiceProbe(name, namespace))
    _exists(found, name, namespace)
    ready = tuple(one for one in found.endpoints if one.ready)
    selector = ",".join(f"{key}={value}" for key, value in sorted(found.selector.items()))
    look = kubectl(f"get endpointslices -l kubernetes.io/service-name={name}", namespace)
    require(
        ready,
        "no-endpoints",
        expected=f"A ready pod is behind the service {name}.",
        observed=f"None is: it selects {selector or 'nothing'}.",
        look=kubectl(f"describe service {name}", namespace),
    )
    require(
        count is None or len(ready) == count,
        "other-count",
        expected=f"{count} ready endpoints are behind {name}.",
        observed=f"There are {len(ready)}.",
        look=look,
    )
    answers = await see(*(ConnectProbe(one.address, one.port, BENCH, ENOUGH) for one in ready))
    for one, answer in zip(ready, answers if len(ready) > 1 else [answers], strict=True):
        require(
            answer.connected,
            "no-answer",
            expected=f"{one.pod or one.address} answers at port {one.port}.",
            observed=f"It does not ({answer.problem}).",
            look=look,
        )
    return ready


def _exists(found: KubeServiceReading, name: str, namespace: str) -> None:
    require(
        found.exists,
        "absent",
        expected=f"There is a service {name} in {namespace}.",
        observed="There is none.",
        look=kubectl("get services", namespace),
    )


async def require_service(
    see: See,
    name: str,
    *,
    namespace: str = DEFAULT,
    where: Place = BENCH,
    node: str = "",
    path: str = "/",
    says: str | Sequence[str] = "",
) -> HttpReading:
    """A service answers a GET, asked from a pod, a node or the bench. Two round trips.

        await require_service(see, "web", where=pod("client"), says="version 2.0")
        await require_service(see, "web", where=container("w1"))
        await require_service(see, "web", node="172.30.0.11")

    From a pod and a node it is asked at its ClusterIP, from the bench at the port of a node.

    Reasons: `absent`, `no-place`, `headless`, `no-node-port`, `no-answer`, `other-status`,
    `other-page`.

    Args:
        see: the check's way to ask.
        name: the service, whose first port counts.
        namespace: where it is.
        where: a pod, a node (`container("w1")`), or the bench.
        node: the address of the node whose port is asked; empty, for the bench, for `cp`'s.
        path: what is asked for.
        says: what the page must have in it; of several, any one will do.
    """
    found = await see(KubeServiceProbe(name, namespace))
    _exists(found, name, namespace)
    first = found.ports[0]
    look = kubectl(f"describe service {name}", namespace)
    outside = bool(node) or where == BENCH
    require(
        outside or found.address not in ("", "None"),
        "headless",
        expected=f"The service {name} has an address.",
        observed="It has none.",
        look=look,
    )
    require(
        not outside or first.node_port,
        "no-node-port",
        expected=f"The service {name} has a port on each node.",
        observed=f"Its type is {found.type}.",
        look=look,
    )
    address = node or ("172.30.0.10" if outside else found.address)
    port = first.node_port if outside else first.port
    page = await see(HttpProbe(f"http://{address}:{port}{path}", where))
    require(
        page.exists,
        "no-place",
        expected=f"There is {place.words(where)}.",
        observed="There is none that runs.",
        look=kubectl("get pods -A"),
    )
    require(
        page.status,
        "no-answer",
        expected=f"{name} answers when it is asked from {place.words(where)}.",
        observed=f"It does not ({page.problem}).",
        look=look,
    )
    require(
        page.ok,
        "other-status",
        expected=f"{name} answers GET {path} with a page.",
        observed=f"It answers {page.status}.",
        look=look,
    )
    wanted = (says,) if isinstance(says, str) else tuple(says)
    require(
        any(text in page.body for text in wanted),
        "other-page",
        expected=f"The page says {' or '.join(map(repr, wanted))}.",
        observed=f"It says {page.body.strip()[:60]!r}.",
        look=look,
    )
    return page


async def require_policy(
    see: See,
    source: str,
    target: str,
    port: int,
    *,
    lets: bool,
    namespace: str = DEFAULT,
    target_namespace: str = DEFAULT,
) -> None:
    """What passes between two pods: a TCP connection really is tried, from inside the first.

        await require_policy(see, "front", "shop", 8080, lets=True)
        await require_policy(see, "client", "shop", 8080, lets=False)

    A connection that is kept out gets no answer: both pods must be ready, and something must wait
    at the port. Two round trips.

    Reasons: `no-source`, `no-target`, `nobody-waits`, `kept-out`, `let-in`.

    Args:
        see: the check's way to ask.
        source: the pod that asks.
        target: the pod that is asked.
        port: of the target.
        lets: whether it passes.
        namespace: of the source.
        target_namespace: of the target.
    """
    here, there, _ = await see(
        KubePodsProbe(namespace),
        KubePodsProbe(target_namespace),
        # Asked so that a change of a policy wakes the check.
        KubeObjectsProbe(POLICIES, namespace=""),
    )
    one, other = here.named(source), there.named(target)
    for pod, name, space, reason in (
        (one, source, namespace, "no-source"),
        (other, target, target_namespace, "no-target"),
    ):
        require(
            pod is not None and pod.ready,
            reason,
            expected=f"The pod {name} is ready.",
            observed="There is none." if pod is None else "It is not.",
            look=kubectl("get pods", space),
        )
    assert other is not None
    own = place.pod(target, target_namespace)
    tried, itself = await see(
        ConnectProbe(other.address, port, place.pod(source, namespace), ENOUGH),
        # From the pod to itself no policy has a say.
        ConnectProbe(other.address, port, own, ENOUGH),
    )
    require(
        itself.connected,
        "nobody-waits",
        expected=f"Something in {target} waits at port {port}.",
        observed=f"Nothing answers there ({itself.problem}).",
        look=kubectl(f"logs {target}", target_namespace),
    )
    look = Look(kubectl("get networkpolicies -o wide", target_namespace))
    require(
        tried.connected == lets,
        "kept-out" if lets else "let-in",
        expected=f"{source} {'reaches' if lets else 'does not reach'} {target} at port {port}.",
        observed=f"It {'does' if tried.connected else 'does not'}.",
        look=look,
    )


async def require_allowed(
    see: See,
    user: str,
    verb: str,
    resource: str,
    *,
    allowed: bool = True,
    namespace: str = DEFAULT,
    group: str = "",
    only: str = "",
) -> KubeAllowedReading:
    """What somebody may do, as the API server would decide it (SubjectAccessReview).

        await require_allowed(see, "system:serviceaccount:default:reader", "list", "pods")
        await require_allowed(see, "anna", "delete", "pods", allowed=False)

    Reasons: `not-allowed`, `allowed`.

    Args:
        see: the check's way to ask.
        user: as for `KubeAllowedProbe`, like the rest.
        verb: what they would do.
        resource: with what.
        allowed: whether they may.
        namespace: where; empty for all.
        group: the API group of the resource.
        only: the name of one object.
    """
    found = await see(KubeAllowedProbe(user, verb, resource, namespace, group, only))
    may = "may" if allowed else "may not"
    what = f"{verb} {resource}" + (f" {only}" if only else "")
    # `auth can-i` ends with 1 for a no.
    command = kubectl(f"auth can-i {what} --as={user}", namespace or DEFAULT)
    require(
        found.exists and found.allowed == allowed,
        "not-allowed" if allowed else "allowed",
        expected=f"{user} {may} {what} in {namespace or 'all namespaces'}.",
        observed=f"They may{'' if found.allowed else ' not'}."
        + (f" {found.reason}" if found.reason else ""),
        look=Look(command, fails=not found.allowed),
    )
    return found
