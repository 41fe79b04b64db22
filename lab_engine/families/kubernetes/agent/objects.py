"""Objects of the cluster as wholes: applied, described by what somebody wished, taken away."""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from lab_engine.common import digest
from lab_engine.common.patience import patient
from lab_engine.errors import ProviderError
from lab_engine.families.kubernetes.agent import api
from lab_engine.families.kubernetes.agent.api import Object
from lab_engine.families.kubernetes.agent.readers import MADE_BY, chain

MANAGER: Final = "infralab"
"""Who applied it, in its managedFields; the beginning of our annotations as well."""
GONE_SECONDS: Final = 40.0
ACCOUNT_SECONDS: Final = 10.0
_HELM: Final = "helm.sh/release.v1"
_TOKEN: Final = "kube-api-access-"  # noqa: S105 - the beginning of a volume's name
_GIVEN: Final = frozenset(
    {
        "clusterIP",
        "clusterIPs",
        "healthCheckNodePort",
        "ipFamilies",
        "nodeName",
        "volumeName",
        "finalizers",
        "claimRef",
    }
)
"""Fields of a spec that the cluster writes, other ones each time."""


class Place(NamedTuple):
    """Where the API has an object: `apps/v1/deployments`, a namespace or none, a name."""

    resource: str
    namespace: str
    name: str

    @property
    def path(self) -> str:
        return api.base(self.resource, self.namespace, self.name)


def place_of(one: Object) -> Place:
    """By what the cluster tells of its kinds. Raises ProviderError for one that it has not."""
    version, kind = str(one.get("apiVersion", "")), str(one.get("kind", ""))
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    try:
        known = api.request("GET", root)["resources"]
    except (api.Refused, KeyError):
        known = []
    for found in known:
        if found["kind"] == kind and "/" not in found["name"]:
            about = one["metadata"]
            namespace = about.get("namespace", "default") if found["namespaced"] else ""
            return Place(f"{version}/{found['name']}", namespace, about["name"])
    raise ProviderError(
        f"the cluster has no kind {kind!r} in {version!r}",
        hint="`kubectl api-resources` lists its kinds.",
    )


def find(place: Place) -> Object | None:
    return api.get(place.resource, place.namespace, place.name)


def apply(place: Place, one: Object) -> Object:
    """Server-side apply: what is written becomes so, what is not is left alone."""
    asked = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}
    end = time.monotonic() + patient(ACCOUNT_SECONDS)
    while True:
        try:
            return api.request("PATCH", f"{place.path}?{urlencode(asked)}", one, kind=api.APPLY)
        except api.Refused as error:
            # A new namespace gets its account a moment later, and no pod before that.
            if "serviceaccount" not in str(error) or time.monotonic() > end:
                raise
        time.sleep(0.1)


def annotate(place: Place, **marks: str) -> None:
    body = {"metadata": {"annotations": {f"{MANAGER}/{k}": text for k, text in marks.items()}}}
    api.request("PATCH", place.path, body, kind=api.MERGE)


def annotation(one: Object, name: str) -> str:
    """One of ours; empty without."""
    return str((one["metadata"].get("annotations") or {}).get(f"{MANAGER}/{name}", ""))


def wished(one: Object) -> str:
    """A digest of what somebody wanted of it: no state, nothing that differs from run to run."""
    about = one["metadata"]
    notes = {
        name: text
        for name, text in (about.get("annotations") or {}).items()
        if "kubernetes.io/" not in name and not name.startswith(f"{MANAGER}/")
    }
    # An object in a list does not tell its kind, one by itself does.
    told = ("metadata", "status", "kind", "apiVersion")
    rest = {name: value for name, value in one.items() if name not in told}
    if one.get("type") == _HELM:
        # Helm's own record has the time in it.
        rest.pop("data", None)
    labels = {k: v for k, v in (about.get("labels") or {}).items() if k != "modifiedAt"}
    return digest.of([labels, notes, _steady(rest)])


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _steady(inner) for name, inner in value.items() if name not in _GIVEN}
    if isinstance(value, list):
        return [
            _steady(inner)
            for inner in value
            if not (isinstance(inner, dict) and str(inner.get("name", "")).startswith(_TOKEN))
        ]
    return value


def delete(place: Place, key: str) -> None:
    """Take it away with all that stands below it, and wait until it is gone.

    Pods get no time to end by themselves: a shell that ignores SIGTERM would take half a minute.
    Absent is no error. Raises ProviderError when it stays.
    """
    found = find(place)
    if found is None and not _there(place):
        return
    below = _pods_below(found) if found else []
    try:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
        if place.resource == "v1/pods":
            body["gracePeriodSeconds"] = 0  # type: ignore[assignment]
        api.request("DELETE", place.path, body)
        for pod in below:
            _kill(pod)
    except api.Refused as error:
        if error.code != api.NOT_FOUND:
            raise api.refused(f"delete {key}", error, key) from error
    end = time.monotonic() + patient(GONE_SECONDS)
    while _there(place):
        if time.monotonic() > end:
            raise ProviderError(
                f"is still being deleted after {GONE_SECONDS:g} s",
                resource=key,
                hint=f"`kubectl get {place.resource.rpartition('/')[2]} {place.name} -o yaml` "
                "shows its finalizers.",
            )
        # A controller that was at work may have made more meanwhile.
        for pod in [*_in_namespace(place), *(_pods_below(found) if found else ())]:
            _kill(pod)
        time.sleep(0.2)


def _kill(pod: Place) -> None:
    try:
        api.request("DELETE", pod.path, {"gracePeriodSeconds": 0})
    except api.Refused as error:
        if error.code != api.NOT_FOUND:
            raise


def _there(place: Place) -> bool:
    """Whether it still exists, if only to be deleted."""
    try:
        api.request("GET", place.path)
    except api.Refused as error:
        if error.code == api.NOT_FOUND:
            return False
        raise
    return True


def _pods_below(one: Object) -> list[Place]:
    """Also those that end already, in their own time: a controller has only just replaced them."""
    about = one["metadata"]
    space = about.get("namespace", "")
    if not space or one.get("kind") == "Pod":
        return []
    # What is above them may be ending, too.
    known = {
        maker["metadata"]["uid"]: maker
        for path in MADE_BY.values()
        for maker in api.listed(path, space, ending=True)
    }
    return [
        _pod(pod)
        for pod in api.listed("v1/pods", space, ending=True)
        if about["uid"] in [owner["uid"] for owner in chain(pod, known)]
    ]


def _in_namespace(place: Place) -> list[Place]:
    """The pods of a namespace that is being deleted: it waits for each of them."""
    if place.resource != "v1/namespaces":
        return []
    return [_pod(pod) for pod in api.listed("v1/pods", place.name, ending=True)]


def _pod(pod: Object) -> Place:
    return Place("v1/pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
