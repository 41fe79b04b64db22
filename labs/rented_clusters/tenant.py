"""The provider's side of a cluster: a customer is let in, so far and no further."""

from __future__ import annotations

from lab_engine.authoring import (
    Cluster,
    KubeAllowedProbe,
    KubeObject,
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
FIELDS = ("subjects", "roleRef.kind", "roleRef.name")
COUNTS = ("status.hard.pods", "status.hard.count/pods")
SCOPES = ("spec.scopes", "spec.scopeSelector")


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
    jobs, execs, everywhere, inside, own = await see(
        KubeAllowedProbe(v.customer, "create", "jobs", v.firm, "batch"),
        KubeAllowedProbe(v.customer, "create", "pods/exec", v.firm),
        KubeObjectsProbe(f"{RIGHTS}/v1/clusterrolebindings", "", fields=FIELDS),
        KubeObjectsProbe(f"{RIGHTS}/v1/rolebindings", "", fields=FIELDS),
        KubeObjectsProbe(f"{RIGHTS}/v1/roles", v.firm),
    )
    look = "kubectl get rolebindings -A -o wide; kubectl get clusterrolebindings -o wide"
    require(
        not elsewhere.allowed and not nodes.allowed,
        "too-far",
        expected=f"{v.customer} may see nothing outside of {v.firm}.",
        observed=f"They may list {'nodes' if nodes.allowed else 'the pods of default'}.",
        look=look,
    )
    # Any right that was given to them by name elsewhere, whatever it is a right to.
    bound = [one for one in everywhere.objects if v.customer in given(one, "User")]
    outside = [
        one
        for one in inside.objects
        if one.namespace != v.firm and v.customer in given(one, "User")
    ]
    where = [f"in {one.namespace}" for one in outside] + ["everywhere"] * bool(bound)
    require(
        not where,
        "too-far",
        expected=f"{v.customer} may see nothing outside of {v.firm}.",
        observed=f"A role is bound to them {', '.join(where)}.",
        look=look,
    )
    here = [one for one in inside.objects if one.namespace == v.firm]
    require_found(v, here, {one.name for one in own.objects}, looks.allowed, look)
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
    require(
        jobs.allowed and execs.allowed,
        "not-all",
        expected=f"In {v.firm}, {v.customer} may do all that `edit` allows.",
        observed="They may not create Jobs, or run a command in a pod.",
        look=look,
    )


def given(binding: KubeObject, kind: str = "") -> list[str]:
    """The names of those to whom a binding gives its role; of one kind, if any."""
    told = binding.fields.get("subjects") or []
    return [str(one["name"]) for one in told if one["kind"] == (kind or one["kind"])]


def require_found(
    v: Values, here: list[KubeObject], roles: set[str], looks: bool, look: str
) -> None:
    """Of a customer who may not look: whether some binding was meant for them."""
    missed = [one for one in here if v.customer in given(one) and not given(one, "User")]
    require(
        looks or not missed,
        "not-a-user",
        expected=f"The binding is for the user {v.customer}.",
        observed="It is for a group or a service account of that name.",
        look=look,
    )
    empty = [
        str(one.fields.get("roleRef.name"))
        for one in here
        if one.fields.get("roleRef.kind") == "Role" and one.fields["roleRef.name"] not in roles
    ]
    require(
        looks or not empty,
        "no-such-role",
        expected=f"The binding gives {v.customer} a role that there is.",
        observed=f"It names a Role {', '.join(empty)} of the namespace, and there is none.",
        look=look,
    )
    others = sorted({name for one in here for name in given(one)} - {v.customer})
    require(
        looks or not others,
        "somebody-else",
        expected=f"The binding is for the user {v.customer}.",
        observed=f"It is for {', '.join(others)}.",
        look=look,
    )


@step.check("quota", settle=2.0)
async def quota(see: See, v: Values) -> None:
    found = await see(KubeObjectsProbe("v1/resourcequotas", "", fields=(*COUNTS, *SCOPES)))
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
    whole = [one for one in its if not any(one.fields.get(scope) for scope in SCOPES)]
    require(
        whole,
        "scoped",
        expected=f"The quota counts all pods of {v.firm}.",
        observed="It counts only those of its scope.",
        look=f"kubectl -n {v.firm} describe quota",
    )
    limits = [
        str(one.fields[count]) for one in whole for count in COUNTS if count in one.fields
    ] or ["none"]
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
step.solution(
    "all objects of that kind are counted",
    lambda v: [space(v), bind(v), limit(v, f"count/pods={v.pods}")],
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
    "in another namespace as well",
    lambda v: [
        space(v),
        bind(v),
        "kubectl create namespace other",
        f"kubectl create rolebinding more --clusterrole=view --user={v.customer} -n other",
    ],
    rejected_by="rights",
    reason="too-far",
    explain=OUTSIDE,
)
step.near_miss(
    "a role that looks like it",
    lambda v: [
        space(v),
        f"kubectl create role edit -n {v.firm} --verb=list,create,delete "
        "--resource=pods,deployments,services,secrets,configmaps",
        bind(v).replace("--clusterrole", "--role"),
    ],
    rejected_by="rights",
    reason="not-all",
    explain="A role of your own seldom has all that `edit` has. `--clusterrole=edit` names the one "
    "that comes with the cluster, `--role=edit` one of the namespace.",
)
step.near_miss(
    "a role that is not there",
    lambda v: [space(v), bind(v).replace("--clusterrole", "--role")],
    rejected_by="rights",
    reason="no-such-role",
    explain="`--role` names a role of the namespace itself. `edit` is one of the cluster: "
    "`--clusterrole`. A binding may be made before its role is, so nobody has objected.",
)
step.near_miss(
    "a group",
    lambda v: [space(v), bind(v).replace("--user", "--group")],
    rejected_by="rights",
    reason="not-a-user",
    explain="A user, a group and a service account of one name are three. The customer is a "
    "user: `--user`.",
)
step.near_miss(
    "with a capital letter",
    lambda v: [space(v), bind(v).replace(v.customer, v.customer.title())],
    rejected_by="rights",
    reason="somebody-else",
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
    explain="Whoever may create RoleBindings in the namespace may let others in. Then you do not "
    "know any more who is in. `admin` contains that, and so does `cluster-admin`; `edit` does not.",
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
step.near_miss(
    "a quota of some pods only",
    lambda v: [space(v), limit(v, f"pods={v.pods} --scopes=BestEffort")],
    rejected_by="quota",
    reason="scoped",
    explain="`--scopes` leaves out all pods that are not of that kind. Of the others there may be "
    "as many as fit.",
)
step.near_miss(
    "two limits of one",
    lambda v: [space(v), limit(v, f"pods={v.pods},count/pods={v.pods - 1}")],
    rejected_by="quota",
    reason="other-limit",
)
