"""What an engine and its client were told is in the inventory, and an undo takes it back.

Runs as root in a bench, with Docker.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab_engine.families.docker.agent import contexts, daemon, inventory
from lab_engine.families.docker.probes.contexts import DockerContextsProbe
from lab_engine.families.docker.probes.daemon import DockerDaemonProbe
from lab_engine.families.files.agent.cgroups import read_cgroup
from lab_engine.families.files.probes import CgroupProbe
from lab_engine.kernel import processes
from tests.families.bench_state import sh

START = "/usr/lib/infralab/bin/start-docker"
TELL = (
    f"""jq '.["live-restore"] = true' {daemon.SETTINGS} > /tmp/new.json; """
    f"cp /tmp/new.json {daemon.SETTINGS}; kill -HUP $(cat /run/docker.pid); sleep 0.5"
)
LEARNER = "runuser -u learner -- docker context"


def the_file_alone_tells_nothing() -> None:
    sh(TELL)
    assert daemon.daemon(DockerDaemonProbe()).live_restore
    assert daemon.KEY in inventory.entries()
    # As a learner takes it back, which the engine that runs does not notice.
    sh(f"echo '{{}}' > {daemon.SETTINGS}; kill -HUP $(cat /run/docker.pid); sleep 0.5")
    assert daemon.KEY in inventory.entries()


def it_is_forgotten_and_the_rest_of_the_file_is_kept(start: dict[str, str], text: str) -> None:
    sh(f"echo '{text}' > {daemon.SETTINGS}")
    sh(TELL)
    number = daemon.daemon(DockerDaemonProbe()).pid
    inventory.remove(daemon.KEY)
    assert inventory.entries() == start
    now = daemon.daemon(DockerDaemonProbe())
    assert (now.pid, now.live_restore, now.written) == (number, False, False)
    assert '"log-driver":"json-file"' in daemon.SETTINGS.read_text()
    # A second time is no error.
    inventory.remove(daemon.KEY)


def a_file_that_is_none_is_no_obstacle(start: dict[str, str]) -> None:
    sh(TELL)
    sh(f"echo '{{ live-restore' > {daemon.SETTINGS}")
    assert not daemon.daemon(DockerDaemonProbe()).written
    inventory.remove(daemon.KEY)
    assert inventory.entries() == start


def one_that_was_begun_with_the_option_is_begun_anew(start: dict[str, str]) -> None:
    sh("kill -9 $(cat /run/docker.pid); sleep 0.5; rm -f /run/docker.pid")
    sh(
        "setsid dockerd --live-restore --containerd /run/containerd/containerd.sock "
        "< /dev/null > /dev/null 2>&1 & "
        "timeout 30 sh -c 'until docker info > /dev/null 2>&1; do sleep 0.2; done'"
    )
    number = daemon.daemon(DockerDaemonProbe()).pid
    assert daemon.KEY in inventory.entries()
    inventory.remove(daemon.KEY)
    assert inventory.entries() == start
    assert daemon.daemon(DockerDaemonProbe()).pid != number


def a_bridge_that_was_removed_is_made_again(start: dict[str, str]) -> None:
    sh("ip link del docker0")
    assert daemon.NO_BRIDGE in inventory.entries()
    inventory.remove(daemon.NO_BRIDGE)
    assert inventory.entries() == start
    sh("ip -o -4 addr show docker0 | grep -q inet")
    # A network of somebody's is another one without it, so an undo makes it anew.
    sh("docker network create lan > /dev/null")
    key, made = "docker-network/lan", inventory.entries()
    sh("ip link del br-$(docker network inspect -f '{{slice .Id 0 12}}' lan)")
    assert inventory.entries()[key] == f"{made[key]} without its bridge"
    inventory.remove(key)
    assert inventory.entries() == start


def a_limit_that_was_written_into_a_file_is_seen() -> None:
    sh("docker load -q -i /usr/lib/infralab/images/busybox.tar > /dev/null")
    sh("docker run -d --name held busybox sleep 4711 > /dev/null")
    try:
        before = inventory.entries()["container/held"]
        assert inventory.entries()["container/held"] == before
        pid = next(pid for pid, one in processes.every().items() if "4711" in one.argv)
        paths = read_cgroup(CgroupProbe(pid=pid)).paths
        (Path(paths.get("pids") or paths["unified"]) / "pids.max").write_text("77")
        now = inventory.entries()["container/held"]
        # Nobody is blamed for it, and an undo makes the container anew.
        assert now.splitlines()[0] == before.splitlines()[0]
        assert now != before
    finally:
        sh("docker rm -f held > /dev/null; docker rmi -f busybox > /dev/null")


def a_context_in_use_goes_too(start: dict[str, str]) -> None:
    sh(f"{LEARNER} create far --docker host=tcp://192.0.2.7:2375")
    idle = inventory.entries()["docker-context/far"]
    known = contexts.contexts(DockerContextsProbe())
    assert known.contexts == {"far": "tcp://192.0.2.7:2375"}
    sh(f"{LEARNER} use far")
    assert inventory.entries()["docker-context/far"] == f"{idle} in use"
    inventory.remove("docker-context/far")
    assert inventory.entries() == start
    # The client has a way to an engine again.
    said = subprocess.run(
        ["runuser", "-u", "learner", "--", "docker", "version"], check=False, capture_output=True
    )
    assert said.returncode == 0, said.stderr
    inventory.remove("docker-context/far")


def notes_that_are_none_are_no_context() -> None:
    folder = contexts.HOME / "contexts/meta/0000"
    sh(f"mkdir -p {folder}; echo '[]' > {folder}/meta.json")
    try:
        assert contexts.entries() == {}
        sh(f"rm {folder}/meta.json; mkfifo {folder}/meta.json")
        assert contexts.entries() == {}
    finally:
        sh(f"rm -rf {folder}")


def main() -> None:
    text = Path(daemon.SETTINGS).read_text()
    start = inventory.entries()
    assert daemon.KEY not in start
    try:
        the_file_alone_tells_nothing()
        it_is_forgotten_and_the_rest_of_the_file_is_kept(start, text)
        a_file_that_is_none_is_no_obstacle(start)
        one_that_was_begun_with_the_option_is_begun_anew(start)
        a_bridge_that_was_removed_is_made_again(start)
        a_limit_that_was_written_into_a_file_is_seen()
        a_context_in_use_goes_too(start)
        notes_that_are_none_are_no_context()
    finally:
        Path(daemon.SETTINGS).write_text(text)
        sh(START)


if __name__ == "__main__":
    main()
