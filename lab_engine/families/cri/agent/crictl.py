"""What `crictl` tells of pods, and the way to take one away (agent side)."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.cri.family import FAMILY
from lab_engine.families.cri.probes import CriContainer, CriPod
from lab_engine.kernel import proc, processes

PROGRAM: Final = "/opt/cri/bin/crictl"
# The images are the containerd's too; without a place for them crictl warns.
_AT: Final = f"unix://{FAMILY.daemon.socket if FAMILY.daemon else ''}"
_SECONDS: Final = 20.0


def ask(*words: str) -> str:
    """What it prints. Raises DaemonDown without an answer in time, ProviderError when refused."""
    command = [PROGRAM, "--runtime-endpoint", _AT, "--image-endpoint", _AT, *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except (subprocess.TimeoutExpired, FileNotFoundError) as error:
        raise DaemonDown(f"the CRI does not answer: {error}", daemon="cri") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise ProviderError(f"`crictl {' '.join(words)}` was refused: {said}")
    return done.stdout.decode(errors="replace")


def pods() -> list[CriPod]:
    """All pods with their containers, the latest first as the daemon tells them."""
    told = json.loads(ask("pods", "-o", "json")).get("items") or []
    if not told:
        return []
    containers = json.loads(ask("ps", "-a", "-o", "json")).get("containers") or []
    return [_pod(one, containers) for one in told]


def _pod(told: dict[str, Any], containers: list[dict[str, Any]]) -> CriPod:
    pid = _pid("inspectp", told["id"])
    return CriPod(
        id=told["id"],
        name=told["metadata"]["name"],
        namespace=told["metadata"]["namespace"],
        ready=told["state"] == "SANDBOX_READY",
        pid=pid,
        namespaces=processes.namespaces(pid) if pid else {},
        containers=tuple(
            _container(one) for one in containers if one["podSandboxId"] == told["id"]
        ),
    )


def _container(told: dict[str, Any]) -> CriContainer:
    state = told["state"].removeprefix("CONTAINER_").lower()
    pid = _pid("inspect", told["id"]) if state == "running" else 0
    process = processes.read(pid) if pid else None
    return CriContainer(
        id=told["id"],
        name=told["metadata"]["name"],
        image=told["image"].get("userSpecifiedImage") or told["image"]["image"],
        state=state,
        pid=pid if process else 0,
        argv=process.argv if process else (),
        exe=proc.target(f"{pid}/exe") if process else "",
        namespaces=processes.namespaces(pid) if process else {},
    )


def _pid(how: str, name: str) -> int:
    """The first process; 0 for what ended, or was removed meanwhile."""
    try:
        told = json.loads(ask(how, name))
    except ProviderError:
        return 0
    return int((told.get("info") or {}).get("pid") or 0)


def remove(pod: str) -> None:
    """Stop and remove a pod by its id, with all in it. Raises ProviderError when it stays."""
    ask("stopp", pod)
    ask("rmp", "-f", pod)
