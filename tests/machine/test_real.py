"""The real machine: made, booted, killed, filled, and a lesson taken in it from up to down.

On demand (`./infralab test --v2 tests/machine`): emulated, it takes the better part of an hour. A
machine that is there already, in a data folder of its own, is taken with
`INFRALAB_TEST_MACHINE=FOLDER`, and stays.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab_engine.common import patience
from lab_engine.course.lesson import load_course
from lab_engine.course.seed import Seed
from lab_engine.machine import boot, life, place, power
from lab_engine.settings import Settings, load
from tests.machine import computer

LIMIT = 5400
LESSON = "docker-networking"
DISK = 6 << 30
pytestmark = [
    pytest.mark.v2,
    pytest.mark.slow,
    pytest.mark.timeout(LIMIT),
    pytest.mark.skipif(
        not all(map(shutil.which, (boot.QEMU, "qemu-img", "mmdebstrap", "ssh"))),
        reason="needs QEMU, mmdebstrap and ssh",
    ),
]
Verb = Callable[..., subprocess.CompletedProcess[str]]


class Machine:
    """One, with a data folder of its own; verbs run as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.env = {
            **os.environ,
            "INFRALAB_DATA_DIR": str(folder),
            "INFRALAB_ENGINE": "machine",
            "INFRALAB_MACHINE_DISK": f"{DISK >> 30}g",
            "INFRALAB_MACHINE_MEMORY": "3g",
            "INFRALAB_BENCH_MEMORY": "1g",
        }
        self.settings: Settings = load(self.env)
        self.place = place.of(self.settings)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "lab_engine", *words], env=self.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *words: str, seconds: float = 1500) -> tuple[int, str]:
        process = self.begin(*words)
        try:
            text = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, text

    def must(self, *words: str) -> str:
        code, text = self.run(*words)
        assert code == 0, f"{words}: {code}\n{text}"
        return text

    def inside(self, script: str) -> tuple[int, str]:
        return self.run("machine", "shell", "--", "sh", "-c", script)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """Made and started."""
    given = os.environ.get("INFRALAB_TEST_MACHINE")
    if given:
        one = Machine(Path(given))
        one.must("machine", "start")
        yield one
        return
    with tempfile.TemporaryDirectory(prefix="m-", dir="/var/tmp") as name:
        one = Machine(Path(name))
        try:
            one.must("machine", "create")
            one.must("machine", "start")
            yield one
        finally:
            one.run("machine", "remove", "--yes")


@pytest.fixture(scope="module")
def with_bench(machine: Machine) -> Machine:
    """With the bench image in it, whose way there is the longest part of it all."""
    if machine.run("image", "status")[0]:
        _bring_image(machine, machine.place.folder.parent / "bench.tar")
    return machine


def _bring_image(one: Machine, file: Path) -> None:
    """From this computer's engine where there is one; else it is built, as it is for a learner."""
    here = {**one.env, "INFRALAB_ENGINE": "docker"}
    save = [sys.executable, "-P", "-m", "lab_engine", "image", "save", str(file), "--no-wheels"]
    if subprocess.run(save, env=here, capture_output=True, check=False, timeout=900).returncode:
        one.must("setup", "--yes")
    else:
        one.must("image", "load", str(file))
        file.unlink()


def has_ended(pid: int) -> bool:
    """Whether it runs no more; some systems' first process is slow to take note of that."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def test_a_lesson_is_taken_and_graded_and_removed_and_this_computer_is_as_it_was(
    with_bench: Machine,
) -> None:
    machine = with_bench
    before = computer.state()
    lesson = load_course().lesson(LESSON)
    first = lesson.steps[0].name
    made = machine.must("up", LESSON, "--seed", "machine", "--json")
    assert first in made
    assert machine.run("check")[0] == 1
    solution = lesson.lab.steps[first].solutions[0]
    script = solution.script(lesson.variables(Seed("machine")))
    machine.must("run", "--", "bash", "-ec", "\n".join(script))
    machine.must("check")
    _, left = machine.inside("docker ps --quiet | wc -l")
    assert left.split()[-1] == "1"
    machine.must("down")
    _, left = machine.inside("docker ps --all --quiet | wc -l")
    assert left.split()[-1] == "0"
    assert computer.state() == before


USES = {
    "VLANs": """
        sudo ip link add a0 type veth peer name a1
        sudo ip link add link a0 name a0.5 type vlan id 5
        ip -details link show a0.5 | grep "vlan protocol 802.1Q id 5"
    """,
    "IPvlan": "sudo ip link add link a0 name v0 type ipvlan && ip -details link show v0",
    "WireGuard": "sudo ip link add w0 type wireguard && ip -details link show w0",
    "IPVS": "sudo grep 'IP Virtual Server' /proc/net/ip_vs",
    "NFS": """
        grep -w nfs /proc/filesystems
        mkdir -p served
        sudo mount -t nfsd nfsd served
        sudo cat served/versions
        sudo umount served
    """,
    "a snapshot of a block device": """
        truncate -s 16M disk copy
        echo before | dd of=disk conv=notrunc
        disk=$(sudo losetup --find --show disk)
        copy=$(sudo losetup --find --show copy)
        mapper() { sudo DM_DISABLE_UDEV=1 dmsetup "$@"; }
        echo "0 32768 linear $disk 0" | mapper create base
        echo "0 32768 snapshot /dev/mapper/base $copy P 8" | mapper create snap
        echo after | sudo dd of=/dev/mapper/snap conv=notrunc,fsync
        sudo head -c 5 /dev/mapper/snap | grep after
        sudo head -c 6 /dev/mapper/base | grep before
        mapper remove snap
        mapper remove base
        sudo losetup -d $disk $copy
    """,
}
"""What a bench does there with features that a step may ask for."""

LOOK = """
from lab_engine.bench import features
from lab_engine.common.features import FEATURES
print(features.look().lacks(FEATURES))
"""


def test_a_bench_has_the_features_that_a_step_may_ask_for(with_bench: Machine) -> None:
    machine = with_bench
    look = [sys.executable, "-P", "-c", LOOK]
    env = {**machine.env, "DOCKER_HOST": f"unix://{machine.place.engine}", patience.VARIABLE: "10"}
    said = subprocess.run(look, env=env, capture_output=True, text=True, check=True, timeout=600)
    assert said.stdout.strip() == "{}"
    machine.must("up", LESSON, "--seed", "machine")
    try:
        for name, script in USES.items():
            code, text = machine.run("run", "--", "bash", "-exc", script)
            assert code == 0, f"{name}: {text}"
    finally:
        machine.must("down")


def test_what_is_inside_cannot_reach_this_computer(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(1)
        port = listener.getsockname()[1]
        code, _ = machine.inside(f"timeout 20 bash -c 'echo > /dev/tcp/10.0.2.2/{port}'")
        assert code != 0
        with pytest.raises(TimeoutError):
            listener.accept()


def test_qemu_has_nothing_of_this_computers_but_its_own_files(machine: Machine) -> None:
    pid = power.running(machine.place)
    opened = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            opened.add(os.readlink(link))
        except OSError:
            continue
    files = {path for path in opened if path.startswith("/") and not path.startswith("/dev/")}
    assert {path for path in files if not path.startswith(str(machine.place.folder))} == set()


def test_a_full_disk_inside_is_said_and_ends_there(with_bench: Machine) -> None:
    machine = with_bench
    code, _ = machine.inside(
        "dd if=/dev/zero of=/var/lib/docker/full bs=1M; sync; df /var/lib/docker"
    )
    assert code == 0
    try:
        code, text = machine.run("up", LESSON, "--seed", "machine")
        assert code == 3, text
        assert "no space left" in text.lower() or "full" in text.lower(), text
        # It has what its disk is said to have, and QEMU's own tables.
        assert machine.place.docker.stat().st_blocks * 512 < DISK * 1.02
        assert machine.run("machine", "status")[0] == 0
    finally:
        machine.inside("rm /var/lib/docker/full; fstrim /var/lib/docker")
    machine.run("down")
    # What was freed in it is free here again.
    assert machine.place.docker.stat().st_blocks * 512 < DISK * 0.8


def test_a_killed_qemu_is_told_and_comes_back_with_what_was_in_its_engine(machine: Machine) -> None:
    name = machine.inside("docker volume create kept && sync")[1].split()[-1]
    os.kill(power.running(machine.place), signal.SIGKILL)
    end = time.monotonic() + 20
    while power.running(machine.place) and time.monotonic() < end:
        time.sleep(0.1)
    code, text = machine.run("machine", "status", "--json")
    assert code == 1
    assert json.loads(text)["machine"]["broken"] is True
    code, text = machine.run("up", LESSON)
    assert code == 3
    assert "infralab machine start" in text
    # Two at once: one begins it, the other waits, and finds it.
    starts = [machine.begin("machine", "start") for _ in range(2)]
    told = []

    def listen(process: subprocess.Popen[str]) -> None:
        told.append((process.communicate(timeout=1500)[0], process.returncode))

    threads = [threading.Thread(target=listen, args=(one,)) for one in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [code for _, code in told] == [0, 0], told
    assert sum("runs already" in text for text, _ in told) == 1, told
    assert name in machine.inside("docker volume ls --quiet")[1].split()


def test_what_is_done_to_its_system_is_gone_after_a_stop(machine: Machine) -> None:
    machine.inside("echo evil > /etc/evil; sync")
    pid = power.running(machine.place)
    machine.must("machine", "stop")
    assert has_ended(pid)
    assert life.status(machine.place).state is life.State.STOPPED
    machine.must("machine", "start")
    assert machine.inside("test -e /etc/evil")[0] == 1


def test_removed_it_leaves_nothing(machine: Machine) -> None:
    pid = power.running(machine.place)
    machine.must("machine", "remove", "--yes")
    assert not machine.place.folder.exists()
    assert has_ended(pid)
