"""N containers on a network: our provisioning, then docker compose with the same. `N ROUNDS`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.inside.provisioning import up_and_down
from lab_engine.common.resource import Resource
from lab_engine.families.docker.resources import Attachment, Container, DockerNetwork, Image


def wanted(number: int) -> list[Resource]:
    web = [
        Container(
            f"web{i}",
            image="busybox",
            command=("sleep", "1000"),
            networks=(Attachment("lan"),),
            stop_seconds=0,
        )
        for i in range(number)
    ]
    return [DockerNetwork("lan", subnet="10.77.0.0/24"), *web]


def compose_file(number: int) -> str:
    """The same as a Compose file; JSON is YAML."""
    services = {
        f"web{i}": {
            "image": "busybox",
            "container_name": f"web{i}",
            "command": ["sleep", "1000"],
            "networks": ["lan"],
            "stop_grace_period": "0s",
            "pull_policy": "never",
        }
        for i in range(number)
    }
    lan = {"name": "lan", "ipam": {"config": [{"subnet": "10.77.0.0/24"}]}}
    return json.dumps({"name": "bm", "services": services, "networks": {"lan": lan}})


def compose(number: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compose.yaml"
        file.write_text(compose_file(number))

        def sh(*words: str) -> float:
            began = time.perf_counter()
            argv = ["docker", "compose", "-f", str(file), *words]
            subprocess.run(argv, check=True, capture_output=True, timeout=300)
            return time.perf_counter() - began

        try:
            up = sh("up", "-d")
        finally:
            down = sh("down", "-t", "0")
        return up, down


def main(number: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    # Both sides find the image there. Ours takes only its own for it, and removes that again.
    image = "/usr/lib/infralab/images/busybox.tar"
    found: dict[str, list[tuple[float, float]]] = {"infralab": [], "docker compose": []}
    for _ in range(rounds):
        found["infralab"].append(up_and_down(wanted(number), [Image("busybox")]))
        subprocess.run(["docker", "load", "-q", "-i", image], check=True, capture_output=True)
        found["docker compose"].append(compose(number))
        subprocess.run(["docker", "rmi", "-f", "busybox"], check=True, capture_output=True)
    return found


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
