"""A Swarm is in the inventory, and goes before the containers that it would start again.

Runs as root in a bench.
"""

from __future__ import annotations

from lab_engine.families.docker.agent import inventory
from lab_engine.families.docker.family import FAMILY
from tests.families.bench_state import sh

SERVICE = (
    "docker load -q -i /usr/lib/infralab/images/busybox.tar; "
    "docker swarm init --advertise-addr 127.0.0.1; "
    "docker service create -q --init --no-resolve-image --name shop --replicas 2 "
    "--endpoint-mode dnsrr busybox sleep 1d"
)


def main() -> None:
    start = inventory.entries()
    assert not [key for key in start if key.startswith("swarm/")]
    sh(SERVICE)
    try:
        there = inventory.entries()
        assert there["swarm/node"] == "active"
        assert sum(key.startswith("container/shop.") for key in there) == 2, sorted(there)
        new = there.keys() - start.keys()
        kinds = sorted(FAMILY.removal, key=FAMILY.removal.__getitem__)
        for key in sorted(new, key=lambda key: kinds.index(key.partition("/")[0])):
            inventory.remove(key)
        assert inventory.entries() == start
        # Nothing is left that would start one again, and a second time is no error.
        inventory.remove("swarm/node")
    finally:
        sh("docker swarm leave --force 2> /dev/null || true")


if __name__ == "__main__":
    main()
