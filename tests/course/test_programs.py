"""What a command line uses, read as a shell reads it."""

from __future__ import annotations

import pytest

from lab_engine.course.lint import programs, shell


def used(text: str) -> list[str]:
    return [str(use) for use in programs.uses(text)]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("a 'b c' \"d $x\" e", [["a", "b c", "d $x", "e"]]),
        ("X=1 a --b='c d'", [["a", "--b=c d"]]),
        ("a > f 2>&1 &", [["a"]]),
        ("a > f -b", [["a", "-b"]]),
        ("a | b && c || d; e", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("for i in 1 2; do a $i; done", [["a", "$i"]]),
        ("a $(b -c)", [["a", "$(b -c)"], ["b", "-c"]]),
        ("--internal", [["--internal"]]),
        ("# nothing", []),
    ],
)
def test_commands(text: str, commands: list[list[str]]) -> None:
    assert shell.commands(text) == commands


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        pytest.param(
            "docker run -itd --name=c2 busybox",
            ["docker run", "docker run -i", "docker run -t", "docker run -d", "docker run --name"],
            id="joined",
        ),
        pytest.param(
            "docker container run --name c2 busybox sleep 1d",
            ["docker run", "docker run --name", "sleep"],
            id="long-form",
        ),
        pytest.param(
            "docker image ls; docker container inspect x; docker volume create y",
            ["docker images", "docker inspect", "docker volume create"],
            id="groups",
        ),
        pytest.param(
            "docker exec -it c3 sh -c 'mkdir /www; httpd -p 80'",
            [
                "docker exec",
                "docker exec -i",
                "docker exec -t",
                "sh",
                "sh -c",
                "mkdir",
                "httpd",
                "httpd -p",
            ],
            id="in-a-container",
        ),
        pytest.param(
            "docker run --tmpfs /x:size=1m --mount type=bind,target=/y b",
            [
                "docker run",
                "docker run --tmpfs",
                "docker run --tmpfs size=",
                "docker run --mount",
                "docker run --mount type=",
                "docker run --mount target=",
            ],
            id="settings",
        ),
        pytest.param("ip a", ["ip address show"], id="ip-abbreviated"),
        pytest.param(
            "ip -n blue addr add 10.0.0.1/24 dev eth0",
            ["ip address add", "ip -n", "ip address add dev"],
            id="ip-in-a-namespace",
        ),
        pytest.param(
            "ip netns exec blue ping -c1 x", ["ip netns exec", "ping", "ping -c"], id="ip-netns"
        ),
        pytest.param(
            "sudo nsenter -t 1 --net=/x ip -br l >/dev/null 2>&1 &",
            ["sudo", "nsenter", "nsenter -t", "nsenter --net", "ip link show", "ip -br"],
            id="wrapped",
        ),
        pytest.param(
            "virsh -c qemu:///system start vm --paused",
            ["virsh start", "virsh -c", "virsh start --paused"],
            id="virsh",
        ),
        pytest.param(
            "timeout 3 qemu-system-x86_64 -accel kvm | grep -q x",
            ["timeout", "qemu-system-x86_64", "qemu-system-x86_64 -accel", "grep", "grep -q"],
            id="one-dash",
        ),
        pytest.param("a -- -b", ["a"], id="the-end-of-options"),
        pytest.param("head -n3 -20", ["head", "head -n", "head -2"], id="numbers"),
    ],
)
def test_uses(text: str, uses: list[str]) -> None:
    assert used(text) == uses


def test_a_fragment_and_a_command() -> None:
    assert programs.options("--tmpfs /x:size=1m -it") == [
        "--tmpfs",
        "--tmpfs size=",
        "-i",
        "-t",
    ]
    assert programs.command("docker network create --help") == "docker network create"
