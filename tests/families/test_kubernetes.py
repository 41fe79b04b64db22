"""Kubernetes: what its resources accept, how objects are read, and the contract on a bench."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab_engine.common import place
from lab_engine.errors import ResourceError
from lab_engine.families.kubernetes.agent import (
    api,
    inventory,
    objects,
    pushed,
    readers,
    registry,
    simulated,
    static,
)
from lab_engine.families.kubernetes.agent.api import base, deleting
from lab_engine.families.kubernetes.agent.inventory import Past
from lab_engine.families.kubernetes.probes import KubeContainer
from lab_engine.families.kubernetes.resources import (
    Cluster,
    Manifest,
    Registry,
    SimulatedNodes,
)
from lab_engine.families.provider import Mark
from tests.families.case import Case
from tests.families.cases_kubernetes import CASES
from tests.families.conftest import InBench


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_every_obligation_is_kept(in_bench_with: Callable[..., InBench], case: Case) -> None:
    in_bench_with(*case.packs)("obligations", case.name, daemon="docker", limit=1100.0)


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_pushed_runs_on_a_worker(in_bench_with: Callable[..., InBench]) -> None:
    in_bench_with("kubernetes", "registry")("registry_at_work", daemon="docker", limit=800.0)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", lambda: Cluster("Lab")),
        ("workers", lambda: Cluster("lab", workers=6)),
        ("memory", lambda: Cluster("lab", memory=100)),
        ("text", lambda: Manifest("site", cluster="lab", text="# nothing")),
        ("name", lambda: Registry("r", cluster="lab")),
        ("name", lambda: SimulatedNodes("9", cluster="lab")),
        ("nodes", lambda: SimulatedNodes("far", cluster="lab", nodes=201)),
        ("cpus", lambda: SimulatedNodes("far", cluster="lab", cpus=0)),
    ],
)
def test_what_cannot_be_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(ResourceError) as refused:
        wrong()
    assert refused.value.field == field


def test_a_manifest_comes_once_its_cluster_works() -> None:
    (need,) = Manifest("site", cluster="lab", text="kind: Pod").needs()
    assert (need.key, need.stage) == ("cluster/lab", "running")
    assert Cluster("lab", workers=2).nodes == ("cp", "w1", "w2")


def test_a_registry_comes_once_the_nodes_are_there() -> None:
    wanted = Registry("registry", cluster="lab")
    assert [one.key for one in wanted.needs()] == ["cluster/lab", "image/registry"]
    assert wanted.final_stage() == "answers"


def pushed_to(folder: Path, name: str, number: str) -> None:
    """As distribution stores a tag: three links and a blob."""
    repository, _, tag = name.rpartition(":")
    tree = folder / pushed._TREE
    links = [
        f"_manifests/tags/{tag}/current",
        f"_manifests/tags/{tag}/index/sha256/{number}",
        f"_manifests/revisions/sha256/{number}",
        f"_layers/sha256/{number}",
    ]
    for link in links:
        place = tree / "repositories" / repository / link
        place.mkdir(parents=True, exist_ok=True)
        (place / "link").write_text(f"sha256:{number}")
    blob = tree / "blobs/sha256" / number[:2] / number
    blob.mkdir(parents=True, exist_ok=True)
    (blob / "data").write_text("{}")


def test_what_was_pushed_is_listed_and_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushed, "FOLDER", tmp_path)
    assert pushed.entries() == {}
    one, two = "1" * 64, "2" * 64
    for name in ("shop:1", "shop/web:1"):
        pushed_to(tmp_path, name, one)
    before = pushed.entries()
    assert before == {"pushed/shop/web:1": f"sha256:{one}", "pushed/shop:1": f"sha256:{one}"}
    pushed_to(tmp_path, "shop:2", two)
    pushed.remove("shop:2")
    assert pushed.entries() == before
    # The last tag takes its repository along, but none that lies below it.
    pushed.remove("shop:1")
    pushed.remove("shop:1")
    assert pushed.entries() == {"pushed/shop/web:1": f"sha256:{one}"}
    assert not list(tmp_path.glob("**/repositories/shop/_*"))


def test_a_tag_that_was_pushed_over_leads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushed, "FOLDER", tmp_path)
    one, two = "1" * 64, "2" * 64
    pushed_to(tmp_path, "shop:1", one)
    before = pushed.entries()
    pushed_to(tmp_path, "shop:1", two)
    assert pushed.entries() != before
    assert pushed.mend("shop:1", before["pushed/shop:1"])
    assert pushed.entries() == before
    # What is nowhere any more cannot come back.
    assert not pushed.mend("shop:1", f"sha256:{'3' * 64}")
    assert not pushed.mend("shop:1", "sha256:../../etc")


@pytest.mark.parametrize(
    ("hosts", "known"),
    [
        ("127.0.0.1\tregistry.bench\n", True),
        ("127.0.0.1 localhost registry.bench # ours\n", True),
        ("127.0.0.1 localhost\n# 127.0.0.1 registry.bench\n\n", False),
        ("10.0.0.1 old-registry.bench\n", False),
    ],
)
def test_whether_the_bench_knows_the_registrys_name(hosts: str, known: bool) -> None:
    assert registry._named_in(hosts) is known


def test_nodes_without_machines_are_marked_and_have_no_address() -> None:
    """A route to one would lead nowhere, and the cluster's own script makes one to each address."""
    wanted = SimulatedNodes("far", cluster="lab", nodes=2, cpus=3, tainted=False)
    assert wanted.names == ("far-1", "far-2")
    mark = Mark("s")
    made = {name: simulated._node(wanted, name, mark) for name in wanted.names}
    assert [one["type"] for one in made["far-1"]["status"]["addresses"]] == ["Hostname"]
    assert made["far-1"]["status"]["allocatable"]["cpu"] == "3"
    assert "taints" not in made["far-1"]["spec"]
    seen = simulated._sighting(wanted, made, mark)
    assert (seen.present, seen.ours, seen.drift) == (True, True, "")
    other = SimulatedNodes("far", cluster="lab", nodes=2)
    assert simulated._sighting(other, made, mark).drift == "were made from other wishes"
    del made["far-2"]
    assert simulated._sighting(wanted, made, mark).drift == "the node far-2 is gone"
    assert not simulated._sighting(wanted, made, Mark("other")).ours


def test_a_pod_is_a_place() -> None:
    where = place.pod("web", "shop")
    assert place.parse(where) == ("pod", "shop:web")
    assert place.words(where) == "the pod web"
    assert place.prefix(where) == "kubectl exec -n shop web -- "
    for wrong in ("pod:web", "pod::web", "pod:shop:", "pod:../x:y"):
        with pytest.raises(ValueError, match="is no place"):
            place.parse(wrong)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        (("v1/pods", "default", "web"), "/api/v1/namespaces/default/pods/web"),
        (("v1/nodes", "", "w1"), "/api/v1/nodes/w1"),
        (("apps/v1/deployments", "shop"), "/apis/apps/v1/namespaces/shop/deployments"),
        (("v1/configmaps", "default", "a/b"), "/api/v1/namespaces/default/configmaps/a%2Fb"),
    ],
)
def test_where_the_api_has_objects(asked: tuple[str, ...], path: str) -> None:
    assert base(*asked) == path


def owned(kind: str, owner: str, uid: str, **more: Any) -> dict[str, Any]:
    above = {"kind": kind, "name": owner, "uid": uid, "controller": True}
    return {"metadata": {"uid": f"of-{uid}", "ownerReferences": [above], **more}}


def test_owners_are_told_by_uid() -> None:
    """A ReplicaSet of the same name that was made anew is not the owner of an older pod."""
    pod = owned("ReplicaSet", "web-5d9", "old")
    known = {"new": owned("Deployment", "web", "d")}
    assert [one["name"] for one in readers.chain(pod, known)] == ["web-5d9"]
    known["old"] = owned("Deployment", "web", "d")
    assert [one["name"] for one in readers.chain(pod, known)] == ["web-5d9", "web"]


POD: dict[str, Any] = {
    "metadata": {
        "name": "web",
        "namespace": "default",
        "uid": "u",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    },
    "spec": {
        "nodeName": "w1",
        "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
        "containers": [{"name": "web", "image": "web:1.0"}],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.244.1.2",
        "conditions": [
            {"type": "Ready", "status": "False", "message": "containers with unready status"},
            {"type": "PodScheduled", "status": "True"},
        ],
        "containerStatuses": [
            {
                "name": "web",
                "imageID": "sha256:1",
                "restartCount": 2,
                "ready": False,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"reason": "Error", "exitCode": 137}},
            }
        ],
    },
}


def test_a_pod_that_fails_says_why() -> None:
    found = readers.pod(POD, {})
    assert (found.ready, found.why) == (False, "containers with unready status")
    assert found.claims == ("data",)
    assert found.containers == (
        KubeContainer("web", "web:1.0", "sha256:1", "", "CrashLoopBackOff", False, 2, "Error", 137),
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.containers.0.image", "web:1.0"),
        ("spec.containers.1.image", None),
        ("spec.nodeName.x", None),
        ("status.phase", "Running"),
    ],
)
def test_selected_fields(path: str, value: Any) -> None:
    assert readers.at(POD, path) == value


@pytest.mark.parametrize(
    ("user", "groups"),
    [
        ("anna", ["system:authenticated"]),
        ("system:serviceaccount:broken", ["system:authenticated"]),
        (
            "system:serviceaccount:shop:reader",
            ["system:authenticated", "system:serviceaccounts", "system:serviceaccounts:shop"],
        ),
    ],
)
def test_whom_a_user_belongs_to(user: str, groups: list[str]) -> None:
    assert readers._groups(user) == groups


def service(**more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "uid": "1", "resourceVersion": "7", "labels": {"app": "web"}},
        "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.7", "ports": [{"port": 80}]} | more,
        "status": {"loadBalancer": {}},
    }


def test_what_was_wished_of_an_object() -> None:
    """Nothing that the cluster writes counts, and all that people write does."""
    one = service()
    again = service(clusterIP="10.96.0.9")
    again["metadata"] |= {"uid": "2", "resourceVersion": "9"}
    again["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3"}
    again["status"] = {"loadBalancer": {"ingress": []}}
    assert objects.wished(one) == objects.wished(again)
    again["metadata"]["labels"] = {"app": "shop"}
    assert objects.wished(one) != objects.wished(again)
    assert objects.wished(one) != objects.wished(service(ports=[{"port": 81}]))
    assert deleting({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})


def named(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "namespace": namespace, **more}}


@pytest.mark.parametrize(
    ("plural", "one", "own"),
    [
        ("pods", named("web", "default"), False),
        ("pods", named("coredns", "kube-system"), True),
        ("rolebindings", named("carla", "kube-public"), False),
        ("rolebindings", named("system:controller:bootstrap-signer", "kube-public"), True),
        ("namespaces", named("kube-system"), True),
        ("namespaces", named("shop"), False),
        ("configmaps", named("kube-root-ca.crt", "shop"), True),
        ("clusterroles", named("system:node"), True),
        ("clusterroles", named("reader"), False),
        (
            "persistentvolumes",
            named("pvc-1", annotations={"pv.kubernetes.io/provisioned-by": "rancher.io"}),
            True,
        ),
        ("pods", owned("ReplicaSet", "web-5", "u", name="web-5-x", namespace="default"), True),
    ],
)
def test_what_the_cluster_made_for_itself_is_left_out(
    plural: str, one: dict[str, Any], own: bool
) -> None:
    assert inventory._is_own(plural, one) is own


def test_a_nodes_fingerprint_leaves_out_what_follows_from_its_state() -> None:
    one: dict[str, Any] = {
        "metadata": {"labels": {"disk": "ssd"}},
        "spec": {"taints": [{"key": "team", "value": "b", "effect": "NoSchedule"}]},
    }
    before = inventory._node(one)
    silent = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "now"}
    one["spec"]["taints"].append(silent)
    assert inventory._node(one) == before
    one["spec"]["unschedulable"] = True
    assert inventory._node(one) != before


def running(uid: str, restarts: int, node: str, *, of_set: bool = True) -> dict[str, Any]:
    one = owned("ReplicaSet", "web-5", "set") if of_set else named("lone")
    one["metadata"] |= {"uid": uid}
    statuses = [{"restartCount": restarts}, {"restartCount": 0}]
    spec = {"containers": [], "nodeName": node}
    return one | {"spec": spec, "status": {"containerStatuses": statuses}}


def test_what_became_of_pods_counts_for_all_owners() -> None:
    replicaset = owned("Deployment", "web", "deployment")
    replicaset["metadata"]["uid"] = "set"
    pods = [running("a", 1, "w1"), running("b", 2, "w2"), running("c", 4, "w2", of_set=False)]
    found = inventory.pasts(pods, [replicaset])
    assert (found["a"], found["c"]) == (Past(1, frozenset({"w1"})), Past(4, frozenset({"w2"})))
    assert found["set"] == found["deployment"] == Past(3, frozenset({"w1", "w2"}))


def deployed(**notes: str) -> dict[str, Any]:
    one = named("web", "default", annotations=notes)
    one["metadata"]["uid"] = "deployment"
    return one | {"spec": {"replicas": 1, "template": {}}}


@pytest.mark.parametrize(
    ("one", "past"),
    [
        (deployed(), {"deployment": Past(restarts=1)}),
        (deployed(), {"deployment": Past(nodes=frozenset({"w1"}))}),
        (deployed(**{readers.REVISION: "3"}), {}),
        # Somebody deleted ours and made the same again.
        (deployed(**{"infralab/mark": "s:site"}), {}),
    ],
)
def test_a_deployment_with_a_past_is_another_one_to_an_undo(
    one: dict[str, Any], past: dict[str, Past]
) -> None:
    fresh = inventory._past(deployed(**{readers.REVISION: "1"}), {})
    assert inventory._past(one, past) != fresh
    # From outside nothing was changed.
    assert inventory._past(one, past).startswith("\n")
    assert inventory._past(deployed(), {}) == fresh


def test_what_has_no_pods_has_no_past() -> None:
    assert inventory._past(service(), {"1": Past(3)}) == ""


def test_static_pods_are_files_of_a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "FOLDER", tmp_path)
    for path in ("cp/etcd.yaml", "cp/mine.yaml", "w1/etcd.yaml", "w1/.swp", "w1/folder/x.yaml"):
        node, _, name = path.partition("/")
        file = tmp_path / node / "kubernetes/manifests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("kind: Pod\n")
    before = static.entries()
    assert sorted(before) == ["kube-static/cp/mine.yaml", "kube-static/w1/etcd.yaml"]
    assert all("\n" not in text for text in before.values())
    file = tmp_path / "cp/kubernetes/manifests/mine.yaml"
    file.write_text("kind: Job\n")
    assert static.mend("cp/mine.yaml", before["kube-static/cp/mine.yaml"])
    assert static.entries() == before
    # Without a cluster that answers the file goes all the same.
    static.remove("cp/mine.yaml")
    static.remove("cp/mine.yaml")
    assert not file.exists()


def test_a_pod_that_ends_in_its_own_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """An undo of its Deployment would wait for it, half a minute and longer."""
    pods = [
        owned("ReplicaSet", "web-5", "set", name="old", namespace="default", deletionTimestamp="t"),
        owned("ReplicaSet", "web-5", "set", name="new", namespace="default"),
        owned("ReplicaSet", "else", "other", name="not", namespace="default"),
    ]
    replicaset = owned("Deployment", "web", "deployment")
    replicaset["metadata"]["uid"] = "set"
    replicaset["metadata"]["deletionTimestamp"] = "t"
    listed = {"pods": pods, "replicasets": [replicaset], "jobs": []}
    monkeypatch.setattr(api, "request", lambda _, path: {"items": listed[path.rpartition("/")[2]]})
    one = named("web", "default")
    one["metadata"]["uid"] = "deployment"
    assert [place.name for place in objects._pods_below(one)] == ["old", "new"]
