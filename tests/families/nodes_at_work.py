"""Nodes after a fault, and after somebody has worked in them.

Runs as root in a bench, with Docker.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from lab_engine.agent.providers import provider
from lab_engine.families.docker.resources import DockerNetwork
from lab_engine.families.nodes.agent import fleeting, inventory
from lab_engine.families.nodes.agent.folder import FOLDER
from lab_engine.families.nodes.resources import Node
from tests.families.bench_state import Surroundings, holds, sh
from tests.families.obligations import destroy, look, make

RACK = DockerNetwork("rack", subnet="172.31.8.0/24")
NORTH = Node("north", network="rack", address="172.31.8.11", images=("busybox",))
SOUTH = Node("south", network="rack", address="172.31.8.12", images=("busybox",), joins="south")
WORK = """
docker exec north docker swarm init --advertise-addr 172.31.8.11
docker exec north docker network create -d overlay shelf
docker exec north docker service create -q --no-resolve-image --endpoint-mode dnsrr \
  --network shelf --name shop busybox sleep 1d
docker exec north docker volume create mine
docker exec north docker run -d -v mine:/mine --name alone busybox sleep 1d
docker exec north docker tag busybox other:1
docker exec south docker service create -q --no-resolve-image --endpoint-mode dnsrr \
  --name blog busybox sleep 1d
docker exec north iptables -A INPUT -p tcp --dport 2377 -j DROP
docker exec north iptables -N MINE
docker exec north iptables -A OUTPUT -j MINE
docker exec north iptables -t nat -A PREROUTING -p tcp --dport 9 -j REDIRECT --to-ports 10
docker exec north nft add table inet mine
docker exec north sh -c 'echo mine > /root/note; echo mine > /tmp/note; echo mine > "/srv/a note"'
docker exec north sh -c 'mkdir -p /opt/mine/deep; ln -s /usr /opt/mine/deep/out'
"""


def the_engine_of_the_bench_comes_back() -> None:
    """An engine in a node is not taken for it."""
    os.kill(int(Path("/run/docker.pid").read_text()), signal.SIGKILL)
    done = subprocess.run(["/usr/lib/infralab/bin/start-docker"], check=False, timeout=100)
    assert done.returncode == 0
    left = fleeting.again(("node/north", "node/south"))
    assert left == {}, left
    assert set(fleeting.there()) == {"node/north", "node/south"}


def what_was_made_in_a_node_is_taken_away() -> None:
    start = inventory.entries()
    assert start.keys() == {"node/north", "node/south"}
    sh(WORK)
    worked = inventory.entries()
    assert all(worked[key] != start[key] for key in start)
    # Seen from outside they are the same machines.
    assert all(worked[key].splitlines()[0] == start[key].splitlines()[0] for key in start)
    sh("docker stop -t 1 north")
    assert inventory.entries()["node/north"].splitlines()[0] != start["node/north"].splitlines()[0]
    for key, before in start.items():
        assert inventory.mend(key, before), key
    assert inventory.entries() == start
    sh("docker exec north sh -c '! ls -d /root/note /tmp/note /srv/* /opt/mine'")


def what_an_engine_and_a_shell_write_is_nobodys() -> None:
    start = inventory.entries()
    sh("docker exec north sh -c 'echo ls > /root/.bash_history; echo >> /var/log/dockerd.log'")
    assert inventory.entries()["node/north"] == start["node/north"]


def what_cannot_be_brought_back_is_said() -> None:
    start = inventory.entries()
    sh("docker exec north ip link set eth0 down")
    assert not inventory.mend("node/north", start["node/north"])
    sh("docker exec north ip link set eth0 up")
    assert inventory.mend("node/north", start["node/north"])
    told = "docker exec south sh -c 'echo {} > /etc/docker/daemon.json'"
    sh(f"docker cp south:/etc/docker/daemon.json /tmp/kept.json; {told}")
    assert not inventory.mend("node/south", start["node/south"])
    sh("docker cp /tmp/kept.json south:/etc/docker/daemon.json")
    assert inventory.mend("node/south", start["node/south"])
    sh("docker exec south docker swarm leave --force")
    assert not inventory.mend("node/south", start["node/south"])
    sh("docker exec north docker rmi busybox")
    assert not inventory.mend("node/north", start["node/north"])
    sh("docker exec north sh -c 'echo x:x:7:7::/: >> /etc/passwd; rmdir /srv'")
    assert '"changed /etc/passwd","gone /srv"' in inventory.entries()["node/north"]
    sh("docker rm -f south")
    assert not inventory.mend("node/south", start["node/south"])
    for key in start:
        inventory.remove(key)
    assert inventory.entries() == {}
    assert not FOLDER.exists()


def members_are_as_they_were() -> None:
    """A worker whose manager is gone has to be made anew."""
    manager = Node("west", network="rack", address="172.31.8.13", joins="west")
    workers = [
        Node(name, network="rack", address=f"172.31.8.{20 + at}", joins="west")
        for at, name in enumerate(("east", "middle"))
    ]
    for node in (manager, *workers):
        make(node)
    start = inventory.entries()
    sh("docker exec west docker node update --availability drain --label-add disk=ssd middle")
    keys = [node.key for node in (*workers, manager)]
    for key in keys:
        assert inventory.mend(key, start[key]), key
    now = inventory.entries()
    assert [now[key] for key in keys] == [start[key] for key in keys]
    destroy(manager)
    make(manager)
    for node in workers:
        assert look(node) == (True, True, "is not in the swarm of west")
    for node in (*workers, manager):
        destroy(node)


def who_was_promoted_is_forgotten_too() -> None:
    """One that is made anew would stand twice in the list of its managers."""
    manager = Node("west", network="rack", address="172.31.8.13", joins="west")
    middle = Node("middle", network="rack", address="172.31.8.21", joins="west")
    listed = "docker exec west docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'"
    for node in (manager, middle):
        make(node)
    sh(f"""
until docker exec west docker node promote middle; do sleep 0.5; done
until {listed} | grep -qx 'middle Reachable'; do sleep 0.5; done
""")
    inventory.remove(middle.key)
    assert not holds(f"{listed} | grep middle")
    make(middle)
    assert holds(f"[ $({listed} | grep -cx 'middle *') = 1 ] && [ $({listed} | wc -l) = 2 ]")
    for node in (middle, manager):
        destroy(node)


def main() -> None:
    surroundings = Surroundings("docker", "nodes")
    start = surroundings.now()
    try:
        for resource in (RACK, NORTH, SOUTH):
            make(resource)
        the_engine_of_the_bench_comes_back()
        what_was_made_in_a_node_is_taken_away()
        what_an_engine_and_a_shell_write_is_nobodys()
        what_cannot_be_brought_back_is_said()
        members_are_as_they_were()
        who_was_promoted_is_forgotten_too()
        destroy(RACK)
        assert not list(provider("node").owned())
    finally:
        surroundings.restore(start)


if __name__ == "__main__":
    main()
