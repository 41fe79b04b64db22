"""What a Docker engine can hold, for the contract suite."""

from __future__ import annotations

from lab_engine.families.docker.resources import (
    Attachment,
    Container,
    ContainerMount,
    DockerNetwork,
    DockerVolume,
    Health,
    Image,
    Port,
)
from tests.families.case import Case, Damage, changes

BUSYBOX = Image("busybox")
LAN = DockerNetwork("lan", subnet="10.77.0.0/24")
DATA = DockerVolume("data", files={"deep/one.txt": "one\n"})
WEB = Container(
    "web",
    image="busybox",
    command=("httpd", "-f", "-p", "80", "-h", "/data"),
    networks=(Attachment("lan", address="10.77.0.9", aliases=("shop",)),),
    mounts=(
        ContainerMount("/data", "data", read_only=True),
        ContainerMount("/scratch", type="tmpfs", size="1m", mode=0o1777),
        ContainerMount("/host", "/srv", type="bind"),
    ),
    memory="32m",
    cpus=0.5,
    pids=32,
    ports=(Port(80, 18080),),
    environment={"COLOUR": "green"},
    health=Health(("wget", "-qO-", "http://127.0.0.1/deep/one.txt"), interval=0.2),
    restart="on-failure:3",
    read_only=True,
    working_dir="/data",
    hostname="shop",
)

CASES = (
    Case(
        "image",
        BUSYBOX,
        marked=False,
        foreign="tar -C /etc -c hostname | docker import -c 'CMD mine' - busybox",
        theirs="docker image inspect -f '{{.Config.Cmd}}' busybox | grep -q mine",
        shown="docker image inspect busybox",
    ),
    Case(
        "image-under-another-name",
        Image("shop:1.0", archive="myapp"),
        damages=changes(
            Damage(
                "docker load -qi /usr/lib/infralab/images/busybox.tar; "
                "docker tag busybox shop:1.0; docker rmi busybox",
                leaves="stranger",
                clear="docker rmi shop:1.0",
            ),
        ),
        marked=False,
        shown="docker image inspect shop:1.0",
    ),
    Case(
        "docker-network",
        LAN,
        damages=changes(
            Damage("docker network rm lan", leaves="gone"),
            "docker network rm lan; docker network create --subnet 10.79.0.0/24 "
            "--label infralab.session=contract-test "
            "--label infralab.resource=docker-network/lan lan",
        ),
        foreign="docker network create --subnet 10.78.0.0/24 lan",
        theirs="docker network inspect lan | grep -q 10.78.0.0/24",
        shown="docker network inspect lan | grep -q 10.77.0.0/24",
    ),
    Case(
        "docker-network-internal",
        DockerNetwork("quiet", internal=True),
        shown="docker network inspect -f '{{.Internal}}' quiet | grep -q true",
    ),
    Case(
        "docker-volume",
        DATA,
        damages=changes(
            "echo two > /var/lib/docker/volumes/data/_data/deep/one.txt",
            "rm /var/lib/docker/volumes/data/_data/deep/one.txt",
        ),
        foreign="docker volume create data; echo mine > /var/lib/docker/volumes/data/_data/mine",
        theirs="grep -q mine /var/lib/docker/volumes/data/_data/mine",
        shown="grep -qx one /var/lib/docker/volumes/data/_data/deep/one.txt",
    ),
    Case(
        "docker-volume-with-options",
        DockerVolume("fast", options={"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}),
        shown="docker volume inspect fast | grep -q size=1m",
    ),
    Case(
        "container",
        WEB,
        needs=(BUSYBOX, LAN, DATA),
        damages=changes(
            "docker kill web",
            "docker pause web",
            "docker update --memory 16m --memory-swap 32m web",
            "docker update --restart always web",
            "docker network disconnect lan web",
            "docker network connect bridge web",
        ),
        foreign=(
            "docker run -d --name web --entrypoint sleep busybox 1000; docker exec web touch /mine"
        ),
        theirs="docker exec web ls /mine",
        shown="curl -sf http://127.0.0.1:18080/deep/one.txt",
    ),
    Case(
        "container-alone",
        Container("alone", image="busybox", command=("sleep", "1000"), network_mode="none"),
        needs=(BUSYBOX,),
        damages=changes(
            "docker stop -t 0 alone",
            "docker rename alone other; docker run -d --name alone "
            "--label infralab.session=contract-test --label infralab.resource=container/alone "
            "busybox sleep 1000; docker rm -f other",
        ),
        shown='docker exec alone true; docker inspect alone | grep -q \'"NetworkMode": "none"\'',
    ),
    Case(
        "container-on-the-host",
        Container("open", image="busybox", command=("sleep", "1000"), network_mode="host"),
        needs=(BUSYBOX,),
        shown='docker inspect open | grep -q \'"NetworkMode": "host"\'',
    ),
    Case(
        "container-that-shares",
        Container(
            "guest", image="busybox", command=("sleep", "1000"), network_mode="container:web"
        ),
        needs=(BUSYBOX, LAN, DATA, WEB),
        shown="docker exec guest wget -qO- http://127.0.0.1/deep/one.txt",
    ),
    Case(
        "container-that-ends",
        Container("once", image="busybox", command=("true",), state="exited"),
        needs=(BUSYBOX,),
        damages=changes("docker start -a once; docker update --memory 16m --memory-swap 32m once"),
        shown="docker inspect -f '{{.State.Status}}' once | grep -q exited",
    ),
    Case(
        "container-not-started",
        Container("ready", image="busybox", stdin=True, tty=True, state="created"),
        needs=(BUSYBOX,),
        damages=changes("docker start ready"),
        shown="docker inspect -f '{{.State.Status}}' ready | grep -q created",
    ),
)
