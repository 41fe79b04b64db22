"""`DOCKER_HOST=ssh://...`: every verb works with an engine behind the `ssh` program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.bench import engine, ssh
from lab_engine.errors import DockerUnavailable
from tests.bench import sshd
from tests.bench.test_console import Tab


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("ssh://far", ["--", "far", "docker", "system", "dial-stdio"]),
        ("ssh://me@far", ["-l", "me", "--", "far", "docker", "system", "dial-stdio"]),
        ("ssh://far:22/", ["-p", "22", "--", "far", "docker", "system", "dial-stdio"]),
        (
            "ssh://far/run/user/9/docker.sock",
            ["docker", "--host", "unix:///run/user/9/docker.sock", "system", "dial-stdio"],
        ),
    ],
)
def test_the_words_are_those_of_dockers_client(host: str, words: list[str]) -> None:
    found = ssh.argv(host)
    assert found[-len(words) :] == words
    assert "BatchMode=yes" in found


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("ssh://", "names no host"),
        ("ssh://me:secret@far", "a password cannot stand in it"),
        ("ssh://far:port", "port"),
        ("ssh://far?x=1", "behind the path"),
    ],
)
def test_what_is_no_address(host: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(DockerUnavailable, match=why):
        engine.connect()


def test_an_option_for_ssh_is_no_host() -> None:
    assert ssh.argv("ssh://-oProxyCommand=x")[-5] == "--"


def test_without_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://far")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DockerUnavailable, match="no `ssh` command") as found:
        engine.connect()
    assert "openssh-client" in found.value.hint


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Server]:
    with sshd.server(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def far(server: sshd.Server, monkeypatch: pytest.MonkeyPatch) -> sshd.Server:
    monkeypatch.setenv("PATH", server.environment["PATH"])
    return server


def test_a_refusal_is_told_in_the_words_of_ssh(
    far: sshd.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"ssh://nobody-at-all@127.0.0.1:{far.port}")
    with pytest.raises(DockerUnavailable, match="Permission denied") as found:
        engine.connect()
    assert "ssh-copy-id" in found.value.hint


def test_where_no_engine_is(far: sshd.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", far.address("/nowhere/docker.sock"))
    with pytest.raises(DockerUnavailable, match=r"cannot be reached: .*/nowhere/docker\.sock"):
        engine.connect()


class Infralab:
    """The command, with the engine behind ssh and a data folder of its own."""

    def __init__(self, server: sshd.Server, data: Path) -> None:
        self.environment = {
            **os.environ,
            "DOCKER_HOST": server.address(),
            "INFRALAB_DATA_DIR": str(data),
        }

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "lab_engine", *words]

    def __call__(self, *words: str, expected: int = 0) -> str:
        done = subprocess.run(
            self.argv(*words), env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def infralab(far: sshd.Server, image_tag: str, tmp_path: Path) -> Iterator[Infralab]:
    """With a session of `namespaces`, which is ended whatever happens."""
    verb = Infralab(far, tmp_path / "data")
    assert image_tag in verb("image", "status")
    try:
        verb("up", "namespaces")
        yield verb
    finally:
        verb("down")


@pytest.mark.bench
@pytest.mark.slow
def test_a_lesson_behind_ssh(infralab: Infralab) -> None:
    infralab("check", expected=1)
    assert "namespaces" in infralab("lessons")
    infralab("repair")
    infralab("gc", "--dry-run")


@pytest.mark.bench
@pytest.mark.slow
def test_what_is_typed_reaches_a_bench_behind_ssh(infralab: Infralab) -> None:
    assert infralab("run", "--", "hostname") == "bench\n"
    infralab("run", "--", "sh", "-c", "exit 7", expected=7)
    shell = Tab(infralab.argv("shell"), infralab.environment)
    try:
        shell.see("$ ")
        shell.type(b"echo far-$((40+2)); tty; exit 3\r")
        shell.see("\rfar-42\r\n/dev/pts/")
        assert shell.end() == 3
    finally:
        shell.close()
    course = Tab(infralab.argv("learn", "namespaces", "--plain"), infralab.environment)
    try:
        course.see("Ready")
        course.type(b"quit\r")
        course.end()
    finally:
        course.close()
    assert "reproduced" in infralab("replay")
