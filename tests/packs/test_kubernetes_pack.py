"""What the Kubernetes pack brings of its own: rules of its pod network, layers of its images."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PACK = Path(__file__).parents[2] / "packs" / "kubernetes"


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A program of the pack, which is no module of ours."""
    monkeypatch.setenv("NODE", "w1")
    spec = importlib.util.spec_from_file_location(f"pack_{name.replace('-', '_')}", PACK / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look for their module there.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded("images/net-agent.py", monkeypatch)


def pod(name: str, address: str, namespace: str = "default", **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"uid": name, "name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]},
        "status": {"phase": "Running", "podIP": address},
    }


def rules(agent: ModuleType, spec: dict[str, Any]) -> list[str]:
    """The lines that a policy of `default` becomes, with three pods in two namespaces."""
    pods = [
        pod("web", "10.244.1.2", app="web"),
        pod("front", "10.244.1.3", role="front"),
        pod("far", "10.244.2.2", "other", role="front"),
    ]
    spaces = [
        {"metadata": {"uid": name, "name": name, "labels": {"kubernetes.io/metadata.name": name}}}
        for name in ("default", "other")
    ]
    policy = {"metadata": {"uid": "p", "namespace": "default"}, "spec": spec}
    told = agent.Policies(
        {
            "policies": {"p": policy},
            "namespaces": {one["metadata"]["uid"]: one for one in spaces},
            "pods": {one["metadata"]["uid"]: one for one in pods},
        }
    ).text()
    return [line.strip() for line in told.splitlines() if "10." in line or "192." in line]


WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
IN = "ip daddr { 10.244.1.2 } "
JUMP = f"{IN}jump ingress"


@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ({"policyTypes": ["Ingress"]}, []),
        ({"ingress": [{}]}, [f"{IN}return"]),
        (
            {"ingress": [{"from": [{"podSelector": {"matchLabels": {"role": "front"}}}]}]},
            # The pod of another namespace has the label, too.
            [f"{IN}ip saddr {{ 10.244.1.3 }} return"],
        ),
        (
            {
                "ingress": [
                    {
                        "from": [
                            {
                                "namespaceSelector": {},
                                "podSelector": {
                                    "matchExpressions": [{"key": "role", "operator": "Exists"}]
                                },
                            }
                        ],
                        "ports": [{"port": "http"}, {"protocol": "UDP", "port": 53}],
                    }
                ]
            },
            [
                f"{IN}ip saddr {{ 10.244.1.3, 10.244.2.2 }} tcp dport 8080 return",
                f"{IN}ip saddr {{ 10.244.1.3, 10.244.2.2 }} udp dport 53 return",
            ],
        ),
        (
            {
                "ingress": [
                    {
                        "from": [{"ipBlock": {"cidr": "192.0.2.0/30", "except": ["192.0.2.0/31"]}}],
                        "ports": [{"port": 8000, "endPort": 8100}],
                    }
                ]
            },
            [f"{IN}ip saddr {{ 192.0.2.2/31 }} tcp dport 8000-8100 return"],
        ),
        # Nobody has such a label, so nobody gets in.
        ({"ingress": [{"from": [{"podSelector": {"matchLabels": {"role": "x"}}}]}]}, []),
    ],
)
def test_a_policy_becomes_rules(agent: ModuleType, more: Any, allowed: list[str]) -> None:
    assert rules(agent, WEB | more) == [*allowed, JUMP]


def test_egress_looks_at_the_other_end(agent: ModuleType) -> None:
    spec = WEB | {
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": {"matchLabels": {"role": "front"}}}]}],
    }
    out = "ip saddr { 10.244.1.2 } "
    assert rules(agent, spec) == [f"{out}ip daddr {{ 10.244.1.3 }} return", f"{out}jump egress"]


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ({"key": "a", "operator": "In", "values": ["1", "2"]}, True),
        ({"key": "a", "operator": "In", "values": ["3"]}, False),
        ({"key": "a", "operator": "NotIn", "values": ["1"]}, False),
        ({"key": "b", "operator": "NotIn", "values": ["1"]}, True),
        ({"key": "a", "operator": "DoesNotExist"}, False),
        ({"key": "b", "operator": "DoesNotExist"}, True),
    ],
)
def test_selectors(agent: ModuleType, expression: Any, taken: bool) -> None:
    assert agent.selects({"matchExpressions": [expression]}, {"a": "1"}) is taken
    assert agent.selects({"matchLabels": {"a": "2"}}, {"a": "1"}) is False


def test_layers_have_their_folders_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    make = loaded("images/make.py", monkeypatch)
    one = make.layer({"a/b/file": b"x"}, {"a/link": "b"}, {"tmp": 0o1777})
    again = make.layer({"a/b/file": b"x"}, {"a/link": "b"}, {"tmp": 0o1777})
    assert one.digest == again.digest
    with tarfile.open(fileobj=io.BytesIO(one.data)) as tar:
        found = {member.name: member for member in tar}
    assert list(found) == ["tmp", "a", "a/b", "a/b/file", "a/link"]
    assert found["tmp"].mode == 0o1777
    assert found["a/link"].linkname == "b"


@pytest.mark.parametrize(
    "script",
    sorted(
        str(path.relative_to(PACK))
        for path in PACK.rglob("*")
        if path.is_file() and path.read_bytes()[:4] == b"#!/b"
    ),
)
def test_scripts_can_be_read_by_bash(script: str) -> None:
    done = subprocess.run(["bash", "-n", str(PACK / script)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert max(map(len, (PACK / script).read_text().splitlines())) <= 100
