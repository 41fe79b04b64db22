"""Statements about containers of runc and containerd: right ways, wrong ways, and fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from lab_engine.authoring import (
    ContainerdProbe,
    RuntimeContainersProbe,
    See,
    require_outlived_containerd,
    require_runtime_container,
    require_task,
)
from lab_engine.families.drawing import Parts, Questions
from lab_engine.families.runtimes.picture import read as draw
from lab_engine.families.runtimes.probes import ContainerdReading, RuntimeContainersReading
from lab_engine.families.runtimes.requirements.runs import runs
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

QUIET = "</dev/null >/dev/null 2>&1"
BUNDLE = """
mkdir -p b/rootfs/bin; cp /bin/busybox b/rootfs/bin/; ln -sf busybox b/rootfs/bin/sleep
ln -sf busybox b/rootfs/bin/sh; cd b; rm -f config.json; runc spec
set_() { jq "$1" config.json > new.json; mv new.json config.json; }
set_ '.process.args = ["sleep", "44001"] | .process.terminal = false | .hostname = "lamp"
  | .linux.resources.memory = {limit: 25165824}'
"""
RUN = f"sudo runc run -d lamp {QUIET}"
IMPORT = "sudo ctr -n lake images import /usr/lib/infralab/images/busybox.tar >/dev/null"
BUSYBOX = "docker.io/library/busybox:latest"
BOAT = f"sudo ctr -n lake run -d {BUSYBOX} boat sleep 44002 {QUIET}"


@pytest.fixture
async def floor(stage: Stage) -> AsyncIterator[Stage]:
    """The stage; what the inventory of the family finds afterwards is taken away by it."""
    await stage.type("/usr/lib/infralab/bin/start-docker", user="root")
    yield stage
    await stage.type("/usr/lib/infralab/bin/start-docker", user="root")
    await stage.type(REMOVE_ALL, user="root")


REMOVE_ALL = """cd /opt/infralab/lib && /opt/infralab/venv/bin/python - <<'END'
from lab_engine.families.runtimes.agent import inventory
for kind in ("runtime-container", "containerd-container", "containerd-image",
             "containerd-namespace"):
    for key in [one for one in inventory.entries() if one.partition("/")[0] == kind]:
        inventory.remove(key)
left = inventory.entries()
assert not left, left
END"""


async def lamp(see: See) -> None:
    await require_runtime_container(
        see, "lamp", argv=["sleep", "44001"], hostname="lamp", memory=24 << 20
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{BUNDLE}{RUN}", "pass"),
        (f"{BUNDLE}sudo runc create lamp {QUIET}; sudo runc start lamp", "pass"),
        (f"{BUNDLE}cd /; sudo runc run -d -b ~/work/b lamp {QUIET}", "pass"),
        (f"{BUNDLE}set_ '.process.args[0] = \"/bin/sleep\"'\n{RUN}", "pass"),
        (f"{BUNDLE}set_ 'del(.linux.resources.memory)'\n{RUN}; "
         "sudo runc update --memory 24M lamp", "pass"),
        (BUNDLE, "no-container"),
        (f"{BUNDLE}sudo runc run -d lamps {QUIET}", "no-container"),
        (f"{BUNDLE}sudo runc create lamp {QUIET}", "other-status"),
        (f"{BUNDLE}{RUN}; sudo runc pause lamp", "other-status"),
        (f"{BUNDLE}{RUN}; sudo runc kill lamp KILL; sleep 0.3", "other-status"),
        (f"{BUNDLE}set_ '.process.args[1] = \"44003\"'\n{RUN}", "other-program"),
        (f"{BUNDLE}set_ '.process.args = [\"sh\", \"-c\", \"sleep 44001; true\"]'\n{RUN}",
         "other-program"),
        (f"{BUNDLE}set_ '.hostname = \"runc\"'\n{RUN}; set_ '.hostname = \"lamp\"'",
         "other-hostname"),
        (f"{BUNDLE}set_ '.linux.resources.memory.limit = 24000000'\n{RUN}", "other-memory"),
        # By hand, without a runtime.
        ("sudo unshare -pf --uts sleep 44001 & sleep 0.3", "no-container"),
        # Docker's own containers are no containers of the learner's.
        (f"docker run -d --name lamp busybox sleep 44001 {QUIET}", "no-container"),
    ],
)  # fmt: skip
async def test_a_container_of_runc(floor: Stage, script: str, reason: str) -> None:
    script = script.replace("44001 & ", f"44001 {QUIET} & ")
    await floor.type(script)
    assert await floor.reason(lamp) == reason


@pytest.mark.parametrize(
    "notes",
    ["x", "{}", "[]", '{"init_process_pid": "one"}', '{"config": 7, "init_process_pid": 1}'],
)
async def test_notes_that_are_none_are_no_container(floor: Stage, notes: str) -> None:
    await floor.type(f"mkdir -p /run/runc/lamp; echo '{notes}' > /run/runc/lamp/state.json",
                     user="root")  # fmt: skip
    try:
        assert await floor.reason(lamp) == "no-container"
    finally:
        await floor.type("rm -rf /run/runc/lamp", user="root")


async def test_a_number_that_another_process_has_now_is_no_container(floor: Stage) -> None:
    await floor.type(f"{BUNDLE}{RUN}")
    assert await floor.reason(lamp) == "pass"
    await floor.type(
        "sleep 44001 >/dev/null 2>&1 < /dev/null & "
        "jq --argjson p $! '.init_process_pid = $p' /run/runc/lamp/state.json > /tmp/new; "
        "cp /tmp/new /run/runc/lamp/state.json",
        user="root",
    )
    assert await floor.reason(lamp) == "other-status"
    await floor.type("pkill -KILL -xf 'sleep 44001'", user="root")


async def boat(see: See) -> None:
    await require_task(see, "lake", "boat", image="busybox", argv=["sleep", "44002"])


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{IMPORT}; {BOAT}", "pass"),
        (f"{IMPORT}; sudo ctr -n lake containers create {BUSYBOX} boat /bin/sleep 44002; "
         f"sudo ctr -n lake tasks start -d boat {QUIET}", "pass"),
        ("true", "no-container"),
        (IMPORT, "no-container"),
        (f"{IMPORT}; sudo ctr -n lake containers create {BUSYBOX} boat sleep 44002", "no-task"),
        (f"{IMPORT}; {BOAT}; sudo ctr -n lake tasks kill -s KILL boat; sleep 0.3", "not-running"),
        (f"{IMPORT}; {BOAT}; sudo ctr -n lake tasks pause boat", "not-running"),
        (f"{IMPORT}; {BOAT.replace('boat', 'boats')}", "no-container"),
        (f"{(IMPORT + '; ' + BOAT).replace('lake', 'default')}", "other-namespace"),
        (f"{(IMPORT + '; ' + BOAT).replace('lake', 'moby')}", "other-namespace"),
        (f"{IMPORT}; {BOAT.replace('44002', '44004')}", "other-program"),
        (f"{IMPORT}; sudo ctr -n lake images tag {BUSYBOX} docker.io/library/tub:latest; "
         f"{BOAT.replace(BUSYBOX, 'docker.io/library/tub:latest')}", "other-image"),
        (f"docker run -d --name boat busybox sleep 44002 {QUIET}", "no-container"),
        ("sudo pkill -KILL -x containerd; sleep 0.3", "no-daemon"),
    ],
)  # fmt: skip
async def test_a_task_of_containerd(floor: Stage, script: str, reason: str) -> None:
    await floor.type(script)
    assert await floor.reason(boat) == reason


AGAIN = "sudo /usr/lib/infralab/bin/start-docker"


KILL = "sudo pkill -KILL -xf containerd; sleep 0.3"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{KILL}; {AGAIN}", "pass"),
        (f"sudo pkill -TERM -xf containerd; sleep 1; {AGAIN}", "pass"),
        ("true", "younger"),
        ("sudo pkill -x dockerd; sleep 1; " + AGAIN, "younger"),
        (KILL, "no-daemon"),
        (f"{KILL}; {AGAIN}; sudo ctr -n lake tasks rm -f boat; "
         f"sudo ctr -n lake tasks start -d boat {QUIET}", "younger"),
        ("sudo pkill -KILL -f '[c]ontainerd-shim.*boat'; sleep 0.5", "no-task"),
    ],
)  # fmt: skip
async def test_a_task_outlives_its_daemon(floor: Stage, script: str, reason: str) -> None:
    async def outlived(see: See) -> None:
        await require_outlived_containerd(see, "lake", "boat")

    await floor.type(f"{IMPORT}; {BOAT}")
    await floor.type(script)
    assert await floor.reason(outlived, settled=reason) == reason


async def test_a_frozen_process_is_ended_all_the_same(floor: Stage) -> None:
    await floor.type(f"{BUNDLE}{RUN}; sudo runc pause lamp")
    await floor.type(
        """cd /opt/infralab/lib && /opt/infralab/venv/bin/python - <<'END'
from lab_engine.families.process.agent import inventory
from lab_engine.kernel import processes
(one,) = [one for one in processes.every().values() if one.argv == ("sleep", "44001")]
key = f"process/{one.pid}-{one.start}"
assert key in inventory.entries()
inventory.remove(key)
assert processes.read(one.pid) is None
END""",
        user="root",
    )
    assert await floor.reason(lamp) == "other-status"


async def test_they_are_listed_and_drawn(floor: Stage) -> None:
    await floor.type(f"{BUNDLE}{RUN}; {IMPORT}; {BOAT}; docker run -d busybox sleep 44005")
    answers = await floor.ask([RuntimeContainersProbe(), ContainerdProbe()])
    listed = msgspec.json.decode(answers[0].reading, type=RuntimeContainersReading)
    assert [(one.runtime, one.id, one.status) for one in listed.containers] == [
        ("runc", "lamp", "running")
    ]
    daemon = msgspec.json.decode(answers[1].reading, type=ContainerdReading)
    assert [(one.namespace, one.id) for one in daemon.containers] == [("lake", "boat")]
    parts = Parts()
    await draw(Questions(floor.ask), parts)
    assert {node.key: node.state for node in parts.nodes.values()} == {
        "runtime-container/runc/lamp": "running, by runc",
        "containerd-namespace/lake": "",
        "containerd-container/lake/boat": "running",
    }
    assert [(edge.place, edge.to) for edge in parts.edges] == [
        ("containerd-container/lake/boat", "containerd-namespace/lake")
    ]


async def test_another_server_on_the_socket_is_no_containerd(floor: Stage) -> None:
    await floor.type(f"{IMPORT}; {BOAT}")
    assert await floor.reason(boat) == "pass"
    socket = "/run/containerd/containerd.sock"
    at = f"UNIX-LISTEN:{socket},fork,mode=666,unlink-close=0"
    # What comes is handed on to the real one, so that every answer is right.
    await floor.type(
        f"mv {socket} {socket}.real; setsid socat {at} "
        f"UNIX-CONNECT:{socket}.real {QUIET} & sleep 0.5; ctr -n lake tasks ls | grep -q boat",
        user="root",
    )
    try:
        assert await floor.reason(boat) == "no-daemon"
    finally:
        await floor.type(
            f"pkill -f '[U]NIX-LISTEN:{socket}'; mv {socket}.real {socket}", user="root"
        )


def test_a_program_is_known_by_its_file() -> None:
    assert runs(["/bin/sleep", "3"], "/bin/busybox", ["sleep", "3"])
    assert runs(["sleep", "3"], "/usr/bin/sleep (deleted)", ["sleep", "3"])
    assert not runs(["sleep", "3"], "/usr/bin/python3.13", ["sleep", "3"])
    assert not runs(["sleep", "3", "4"], "/bin/busybox", ["sleep", "3"])
    assert not runs([], "", ["sleep"])
