"""The provider's side of a cluster: a customer is let in, so far and no further."""

from __future__ import annotations

from lab_engine.authoring import (
    Cluster,
    KubeAllowedProbe,
    KubeObjectsProbe,
    See,
    require,
)
from labs.rented_clusters.values import Values, lab

step = lab.step(
    "tenant",
    daemons=("docker",),
    # Without a limit of its own: the nodes share what the bench has.
    resources=lambda _: [Cluster("lab", workers=1, memory=0)],
)

RIGHTS = "rbac.authorization.k8s.io"


@step.check("rights", points=2, settle=2.0)
async def rights(see: See, v: Values) -> None:
    namespaces = await see(KubeObjectsProbe("v1/namespaces", ""))
    require(
        namespaces.named(v.firm) is not None,
        "no-namespace",
        expected=f"The cluster has a namespace {v.firm}.",
        observed="It has none of that name.",
        look="kubectl get namespaces",
    )
    looks, deploys, deletes = await see(
        KubeAllowedProbe(v.customer, "list", "pods", v.firm),
        KubeAllowedProbe(v.customer, "create", "deployments", v.firm, "apps"),
        KubeAllowedProbe(v.customer, "delete", "pods", v.firm),
    )
    shares, elsewhere, nodes = await see(
        KubeAllowedProbe(v.customer, "create", "rolebindings", v.firm, RIGHTS),
        KubeAllowedProbe(v.customer, "list", "pods", "default"),
        KubeAllowedProbe(v.customer, "list", "nodes", ""),
    )
    look = "kubectl get rolebindings -A -o wide; kubectl get clusterrolebindings -o wide"
    require(
        not elsewhere.allowed and not nodes.allowed,
        "too-far",
        expected=f"{v.customer} may see nothing outside of {v.firm}.",
        observed=f"They may list {'nodes' if nodes.allowed else 'the pods of default'}.",
        look=look,
    )
    require(
        looks.allowed,
        "shut-out",
        expected=f"In {v.firm}, {v.customer} may do what `edit` allows.",
        observed="They may not even list its pods.",
        look=look,
    )
    require(
        deploys.allowed and deletes.allowed,
        "too-little",
        expected=f"In {v.firm}, {v.customer} may create Deployments and delete pods.",
        observed="They may not.",
        look=look,
    )
    require(
        not shares.allowed,
        "may-share",
        expected=f"{v.customer} may not give rights to others.",
        observed="They may: they can create RoleBindings.",
        look=look,
    )


@step.check("quota", settle=2.0)
async def quota(see: See, v: Values) -> None:
    found = await see(
        KubeObjectsProbe("v1/resourcequotas", "", fields=("status.hard.pods", "spec.hard.pods"))
    )
    look = "kubectl get resourcequotas -A"
    require(
        found.objects,
        "no-quota",
        expected=f"There is a quota in the namespace {v.firm}.",
        observed="There is none in any.",
        look=look,
    )
    its = [one for one in found.objects if one.namespace == v.firm]
    require(
        its,
        "other-namespace",
        expected=f"There is a quota in the namespace {v.firm}.",
        observed=f"It is in {', '.join(sorted({one.namespace for one in found.objects}))}.",
        look=look,
    )
    limits = [str(one.fields.get("status.hard.pods", "none")) for one in its]
    least = min((int(one) for one in limits if one.isdigit()), default=None)
    require(
        least == v.pods,
        "other-limit",
        expected=f"In {v.firm} there may be {v.pods} pods.",
        observed=f"The limit of pods is {', '.join(limits)}.",
        look=f"kubectl -n {v.firm} describe quota",
    )


def space(v: Values) -> str:
    return f"kubectl create namespace {v.firm}"


def bind(v: Values, how: str = "", role: str = "edit", kind: str = "rolebinding") -> str:
    how = how or f"-n {v.firm}"
    return f"kubectl create {kind} guests --clusterrole={role} --user={v.customer} {how}".strip()


def limit(v: Values, hard: str = "", namespace: str = "") -> str:
    hard = hard or f"pods={v.pods}"
    return f"kubectl create quota room --hard={hard} -n {namespace or v.firm}"


BINDING = """\
kubectl apply -f - << 'END'
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: tenant, namespace: %s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %s}]
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: tenant, namespace: %s}
spec: {hard: {pods: "%s", requests.memory: 2Gi}}
END"""

step.solution(
    "as shown",
    lambda v: [space(v), bind(v), limit(v)],
)
step.solution(
    "from a file",
    lambda v: [space(v), BINDING % (v.firm, v.customer, v.firm, v.pods)],
)
OUTSIDE = (
    "Somebody who is bound by a ClusterRoleBinding has the rights everywhere, and a "
    "RoleBinding gives them in its own namespace. Yours gives them outside of the customer's."
)

step.near_miss(
    "everywhere",
    lambda v: [space(v), bind(v, " ", kind="clusterrolebinding")],
    rejected_by="rights",
    reason="too-far",
    explain=OUTSIDE,
)
step.near_miss(
    "in the namespace where you are",
    lambda v: [space(v), bind(v, " ")],
    rejected_by="rights",
    reason="too-far",
    explain=OUTSIDE,
)
step.near_miss(
    "only to look",
    lambda v: [space(v), bind(v, role="view")],
    rejected_by="rights",
    reason="too-little",
    explain="Nobody gave the customer the right to change anything there. `view` is for looking, "
    "`edit` for working.",
)
step.near_miss(
    "with the right to let others in",
    lambda v: [space(v), bind(v, role="admin")],
    rejected_by="rights",
    reason="may-share",
    explain="`admin` may give its rights to others in the namespace. Then you do not know any more "
    "who is in.",
)
step.near_miss(
    "a quota where you are",
    lambda v: [space(v), limit(v, namespace="default")],
    rejected_by="quota",
    reason="other-namespace",
    explain="A quota counts in its own namespace. Without `-n` that is `default`.",
)
step.near_miss(
    "one too many",
    lambda v: [space(v), limit(v, f"pods={v.pods + 1}")],
    rejected_by="quota",
    reason="other-limit",
)
step.near_miss(
    "a quota of something else",
    lambda v: [space(v), limit(v, f"services={v.pods}")],
    rejected_by="quota",
    reason="other-limit",
)
