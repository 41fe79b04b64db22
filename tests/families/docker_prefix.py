"""The beginning of an id is nobody's name, though the engine takes it for one.

Runs as root in a bench.
"""

from __future__ import annotations

import subprocess
from typing import Any

from lab_engine.common.place import container
from lab_engine.common.probe import Probe
from lab_engine.families.docker.agent import inventory
from lab_engine.families.docker.agent.readers import READERS
from lab_engine.families.docker.probes.container import (
    DockerContainerProbe,
)
from lab_engine.families.docker.probes.engine import (
    DockerImageProbe,
    DockerNetworkProbe,
)
from lab_engine.families.docker.probes.inside import (
    ContainerCommandProbe,
    ContainerFileProbe,
    ContainerLayersProbe,
)
from lab_engine.families.docker.resources import Container
from lab_engine.families.netlink.agent.readers import place
from tests.families.bench_state import Surroundings, sh
from tests.families.cases_docker import BUSYBOX
from tests.families.obligations import make


def read(probe: Probe[Any]) -> Any:
    return READERS[type(probe)](probe)


def said(command: str) -> str:
    run = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def main() -> None:
    surroundings = Surroundings("docker")
    start = surroundings.now()
    try:
        make(BUSYBOX)
        identity = said("docker run -d --name theirs busybox sleep 1000")
        network = said("docker network create lan")
        image = said("docker image inspect -f '{{.Id}}' busybox").removeprefix("sha256:")
        for name, there in (("theirs", True), (identity, True), (identity[:6], False)):
            for probe in (
                DockerContainerProbe(name),
                ContainerFileProbe(name, "/etc/passwd"),
                ContainerLayersProbe(name),
            ):
                assert read(probe).exists is there, probe
            ran = read(ContainerCommandProbe(name, ("true",)))
            assert ran.ran is there, name
            try:
                found = place.pid_of(container(name)) > 0
            except place.NoPlace:
                found = False
            assert found is there, name
        for name, there in (("lan", True), (network, True), (network[:6], False)):
            assert read(DockerNetworkProbe(name)).exists is there, name
        for name, there in (("busybox", True), (f"sha256:{image}", True), (image[:6], False)):
            assert read(DockerImageProbe(name)).exists is there, name
        for key in (
            f"container/{identity[:6]}",
            f"docker-network/{network[:6]}",
            f"image/{image[:6]}",
        ):
            inventory.remove(key)
        assert said("docker ps -q --no-trunc") == identity
        sh("docker network inspect lan")
        # One of twelve would begin so by chance.
        for number in range(40):
            make(Container(f"n{number}", image="busybox", state="created"))
        for prefix in (*(f"b{n}" for n in range(10)), *(f"c{n}" for n in range(10)), "bb0", "bb1"):
            assert not said(f"docker ps -aq --filter name=^/n --filter id={prefix}"), prefix
    finally:
        surroundings.restore(start)


if __name__ == "__main__":
    main()
