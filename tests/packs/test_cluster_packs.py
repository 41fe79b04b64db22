"""What the packs on top of `kubernetes` bring: their objects and programs speak of the same things.

That they work, `infralab packs --smoke NAME` tries.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from lab_engine.families.kubernetes.agent import simulated

PACKS = Path(__file__).parents[2] / "packs"
CONF = "files/opt/kube/conf"


def objects(pack: str) -> list[dict[str, Any]]:
    text = (PACKS / pack / CONF / f"{pack}.yaml").read_text()
    return list(yaml.safe_load_all(text))


def one(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (its,) = (each for each in found if each["kind"] == kind)
    return its


@pytest.mark.parametrize("pack", ["csi", "kwok"])
def test_a_reset_takes_them_for_the_clusters_own(pack: str) -> None:
    """By their namespace, and by the beginning of the names of what is in none."""
    for each in objects(pack):
        about = each["metadata"]
        assert (
            about.get("namespace") == "kube-system"
            or about["name"].startswith("system:")
            or each["kind"] in ("CSIDriver", "StorageClass")
        ), about


@pytest.mark.parametrize(("pack", "program"), [("csi", "csi-disk"), ("kwok", "kwok")])
def test_pods_run_the_packs_program_from_the_node(pack: str, program: str) -> None:
    assert f'name = "{program}"' in (PACKS / pack / "pack.toml").read_text()
    found = objects(pack)
    (work,) = (each for each in found if each["kind"] in ("DaemonSet", "Deployment"))
    spec = work["spec"]["template"]["spec"]
    volumes = {each["name"]: each.get("hostPath", {}).get("path") for each in spec["volumes"]}
    for container in spec["containers"]:
        assert container["command"][0] == f"/opt/kube/bin/{program}"
        # Nothing is pulled: the image is on each node already.
        assert (container["image"], container["imagePullPolicy"]) == ("busybox:1.37", "Never")
        mounts = {each["mountPath"]: volumes[each["name"]] for each in container["volumeMounts"]}
        assert mounts["/opt/kube"] == "/opt/kube"


def test_the_driver_has_one_name() -> None:
    found = objects("csi")
    source = (PACKS / "csi/driver/main.go").read_text()
    (name,) = re.findall(r'^\tname\s+= "(\S+)"$', source, re.MULTILINE)
    assert one(found, "CSIDriver")["metadata"]["name"] == name
    assert one(found, "StorageClass")["provisioner"] == name
    text = (PACKS / "csi" / CONF / "csi.yaml").read_text()
    assert f"--kubelet-socket=/var/lib/kubelet/plugins/{name}/csi.sock" in text
    assert f"hostPath: {{path: /var/lib/kubelet/plugins/{name}," in text


def test_kwok_plays_what_the_engine_makes() -> None:
    found = objects("kwok")
    stages = list(yaml.safe_load_all(one(found, "ConfigMap")["data"]["kwok.yaml"]))
    assert {each["kind"] for each in stages} == {"Stage"}
    assert {each["spec"]["resourceRef"]["kind"] for each in stages} == {"Node", "Pod"}
    (container,) = one(found, "Deployment")["spec"]["template"]["spec"]["containers"]
    selector = f"--manage-nodes-with-annotation-selector={simulated.PLAYED}=fake"
    assert {"--manage-all-nodes=false", selector} <= set(container["command"])


@pytest.mark.parametrize("pack", ["csi", "kwok"])
def test_smoke_can_be_read_by_bash(pack: str) -> None:
    path = PACKS / pack / "smoke.sh"
    done = subprocess.run(["bash", "-n", str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
