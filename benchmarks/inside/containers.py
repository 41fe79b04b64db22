"""N containers on a network: our provisioning, docker compose, and the engine's floor. `N ROUNDS`.

The floor is the engine's API alone, from one process: create and start, then remove, so many at
once as is quickest; no plan, no ledger, and nobody looks whether anything runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.inside.provisioning import up_and_down
from lab_engine.common.resource import Resource
from lab_engine.families.docker.agent.engine import client
from lab_engine.families.docker.resources import Attachment, Container, DockerNetwork, Image

AT_ONCE = (2, 4, 8, 16, 50)
LAN = "lan"
SUBNET = "10.77.0.0/24"


def wanted(number: int) -> list[Resource]:
    web = [
        Container(
            f"web{i}",
            image="busybox",
            command=("sleep", "1000"),
            networks=(Attachment(LAN),),
            stop_seconds=0,
        )
        for i in range(number)
    ]
    return [DockerNetwork(LAN, subnet=SUBNET), *web]


def compose_file(number: int) -> str:
    """The same as a Compose file; JSON is YAML."""
    services = {
        f"web{i}": {
            "image": "busybox",
            "container_name": f"web{i}",
            "command": ["sleep", "1000"],
            "networks": [LAN],
            "stop_grace_period": "0s",
            "pull_policy": "never",
        }
        for i in range(number)
    }
    lan = {"name": LAN, "ipam": {"config": [{"subnet": SUBNET}]}}
    return json.dumps({"name": "bm", "services": services, "networks": {LAN: lan}})


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


def floor(number: int, at_once: int) -> tuple[float, float]:
    """Seconds that the engine needs for the same containers when it is asked for nothing else."""
    began = time.perf_counter()
    pool = {"Driver": "default", "Config": [{"Subnet": SUBNET}]}
    client().create_network(LAN, driver="bridge", ipam=pool)

    def made(one: int) -> str:
        api = client()
        config = {
            "Image": "busybox",
            "Cmd": ["sleep", "1000"],
            "HostConfig": {"NetworkMode": LAN},
            "NetworkingConfig": {"EndpointsConfig": {LAN: {}}},
        }
        identity: str = api.create_container_from_config(config, f"web{one}")["Id"]
        api.start(identity)
        return identity

    def gone(identity: str) -> None:
        client().remove_container(identity, force=True, v=True)

    with ThreadPoolExecutor(at_once) as threads:
        identities = list(threads.map(made, range(number)))
        up = time.perf_counter()
        list(threads.map(gone, identities))
    client().remove_network(LAN)
    return up - began, time.perf_counter() - up


def best(number: int) -> int:
    """With how many at once the engine is quickest: one trial of each."""
    wanted = sorted({min(at_once, number) for at_once in AT_ONCE})
    return min(wanted, key=lambda at_once: sum(floor(number, at_once)))


def main(number: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    # Both sides find the image there. Ours takes only its own for it, and removes that again.
    image = "/usr/lib/infralab/images/busybox.tar"
    who = ("infralab", "docker compose", "the engine's API alone")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in who}
    at_once = 0
    for _ in range(rounds):
        found["infralab"].append(up_and_down(wanted(number), [Image("busybox")]))
        subprocess.run(["docker", "load", "-q", "-i", image], check=True, capture_output=True)
        found["docker compose"].append(compose(number))
        at_once = at_once or best(number)
        found["the engine's API alone"].append(floor(number, at_once))
        subprocess.run(["docker", "rmi", "-f", "busybox"], check=True, capture_output=True)
    return found


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
