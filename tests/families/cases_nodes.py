"""Nodes, for the contract suite."""

from __future__ import annotations

from lab_engine.families.docker.resources import DockerNetwork
from lab_engine.families.nodes.resources import Node
from tests.families.case import Case, Damage, changes

RACK = DockerNetwork("rack", subnet="172.31.7.0/24")
NORTH = Node(
    "north",
    network="rack",
    address="172.31.7.11",
    images=("busybox", "myapp"),
    memory="512m",
    joins="north",
)
SWARM = "docker exec north docker info -f '{{.Swarm.LocalNodeState}}'"

CASES = (
    Case(
        "node",
        NORTH,
        needs=(RACK,),
        daemon="docker",
        shown="docker exec north docker run --rm --network none myapp true; "
        "docker exec north docker image inspect busybox; "
        f"[ $({SWARM}) = active ]; "
        "docker exec north hostname | grep -qx north; "
        "[ -d /var/lib/docker/nodes/north/overlay2 ]",
        damages=changes(
            "docker stop -t 1 north",
            "docker kill north",
            "docker network disconnect -f rack north",
            Damage("docker rm -f north", leaves="gone"),
        ),
        foreign="docker load -qi /usr/lib/infralab/images/busybox.tar; "
        "docker run -d --name north busybox sleep 1d",
        theirs="docker exec north true",
    ),
    Case(
        "node-worker",
        Node("south", network="rack", address="172.31.7.12", joins="north"),
        needs=(RACK, NORTH),
        daemon="docker",
        shown="docker exec north docker node inspect south -f '{{.Spec.Role}}' | grep -qx worker; "
        "docker exec south docker info -f '{{.Swarm.ControlAvailable}}' | grep -qx false; "
        "docker inspect south",
    ),
)
