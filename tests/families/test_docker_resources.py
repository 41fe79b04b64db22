from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from lab_engine.common import digest
from lab_engine.common.resource import Need, Resource
from lab_engine.errors import ResourceError
from lab_engine.families.docker.agent.wishes import config_of
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
from lab_engine.families.provider import Mark


def box(**fields: object) -> Container:
    return Container("web", image="busybox", **fields)  # type: ignore[arg-type]


WRONG: list[tuple[Callable[[], Resource], str]] = [
    (lambda: Image("Bad Name"), "name"),
    (lambda: Container("x", image="busybox"), "name"),
    (lambda: Container("web", image="not an image"), "image"),
    (lambda: box(networks=(Attachment("host"),)), "networks[0].network"),
    (lambda: box(networks=(Attachment("lan"), Attachment("lan"))), "networks[1].network"),
    (lambda: box(networks=(Attachment("lan", "10.0.0.300"),)), "networks[0].address"),
    (lambda: box(networks=(Attachment("bridge", "172.17.0.9"),)), "networks[0].network"),
    (lambda: box(networks=(Attachment("lan"),), network_mode="none"), "networks"),
    (lambda: box(network_mode="lan"), "network_mode"),
    (lambda: box(network_mode="host:web2"), "network_mode"),
    (lambda: box(network_mode="container:web"), "network_mode"),
    (lambda: box(mounts=(ContainerMount("data", "vol"),)), "mounts[0].target"),
    (lambda: box(mounts=(ContainerMount("/data", "srv", type="bind"),)), "mounts[0].source"),
    (lambda: box(mounts=(ContainerMount("/data", "x", type="tmpfs"),)), "mounts[0].source"),
    (lambda: box(mounts=(ContainerMount("/data", type="nfs"),)), "mounts[0].type"),
    (lambda: box(mounts=(ContainerMount("/t", type="tmpfs", size="big"),)), "mounts[0].size"),
    (lambda: box(mounts=(ContainerMount("/d", "vol", size="1m"),)), "mounts[0].size"),
    (lambda: box(memory="1m"), "memory"),
    (lambda: box(memory="lots"), "memory"),
    (lambda: box(cpus=-1.0), "cpus"),
    (lambda: box(pids=-1), "pids"),
    (lambda: box(ports=(Port(0, 80),)), "ports[0].container"),
    (lambda: box(ports=(Port(80, 70000),)), "ports[0].host"),
    (lambda: box(ports=(Port(80, 8080), Port(81, 8080))), "ports[1].host"),
    (lambda: box(ports=(Port(80, protocol="http"),)), "ports[0].protocol"),
    (lambda: box(ports=(Port(80),), network_mode="none"), "ports"),
    (lambda: box(environment={"1A": "x"}), "environment"),
    (lambda: box(health=Health(())), "health.command"),
    (lambda: box(restart="sometimes"), "restart"),
    (lambda: box(state="paused"), "state"),
    (lambda: box(working_dir="data"), "working_dir"),
    (lambda: DockerNetwork("bridge"), "name"),
    (lambda: DockerNetwork("lan", driver="calico"), "driver"),
    (lambda: DockerNetwork("lan", subnet="10.0.0.1/24"), "subnet"),
    (lambda: DockerNetwork("lan", subnet="10.0.0.0/31"), "subnet"),
    (lambda: DockerNetwork("lan", gateway="10.0.0.1"), "gateway"),
    (lambda: DockerNetwork("lan", subnet="10.0.0.0/24", gateway="10.0.1.1"), "gateway"),
    (lambda: DockerVolume("data", driver="a driver"), "driver"),
    (lambda: DockerVolume("data", files={"../etc/passwd": ""}), "files"),
    (lambda: DockerVolume("data", options={"type": "tmpfs"}, files={"a": ""}), "files"),
]


@pytest.mark.parametrize(("build", "field"), WRONG, ids=[field for _, field in WRONG])
def test_wrong_field_is_named(build: Callable[[], Resource], field: str) -> None:
    with pytest.raises(ResourceError) as raised:
        build()
    assert raised.value.field == field


def test_references_become_needs() -> None:
    wanted = box(
        networks=(Attachment("lan"), Attachment("bridge")),
        mounts=(ContainerMount("/a", "data"), ContainerMount("/b", "/srv", type="bind")),
        after=("directory/site",),
    )
    assert wanted.needs() == (
        Need("image/busybox"),
        Need("docker-network/lan"),
        Need("docker-volume/data"),
        Need("directory/site"),
    )
    assert Need("container/web2", "running") in box(network_mode="container:web2").needs()


def test_health_is_waited_for() -> None:
    assert box(health=Health(("true",))).final_stage() == "answers"
    assert box().final_stage() == "running"


def test_image_reference_and_archive() -> None:
    assert Image("busybox").reference == "busybox:latest"
    assert Image("shop/web:1.0").reference == "shop/web:1.0"
    assert Image("shop/web:1.0").source == "web"
    assert Image("shop:1.0", archive="myapp").source == "myapp"


def test_survives_the_wire() -> None:
    wanted = box(networks=(Attachment("lan", "10.0.0.9"),), ports=(Port(80, 8080),), memory="64m")
    assert msgspec.json.decode(msgspec.json.encode(wanted), type=Container) == wanted


def test_digest_is_of_every_field() -> None:
    assert digest.of(box()) == digest.of(box())
    assert digest.of(box()) != digest.of(box(memory="64m"))


def test_config_bears_mark_and_first_network_first() -> None:
    wanted = box(networks=(Attachment("lan", "10.0.0.9", ("shop",)), Attachment("bridge")))
    config = config_of(wanted, Mark("s1"))
    assert config["Labels"]["infralab.session"] == "s1"
    assert config["HostConfig"]["NetworkMode"] == "lan"
    assert config["NetworkingConfig"]["EndpointsConfig"] == {
        "lan": {"IPAMConfig": {"IPv4Address": "10.0.0.9"}, "Aliases": ["shop"]},
        "bridge": {"IPAMConfig": None, "Aliases": None},
    }
    assert "Cmd" not in config
