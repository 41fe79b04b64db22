"""What was changed by hand is seen, and brought back or taken away."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lab_engine.agent.providers import provider
from lab_engine.errors import ProviderError
from lab_engine.families import machinery
from lab_engine.families.cgroups.agent import inventory as group_inventory
from lab_engine.families.cgroups.agent import trees
from lab_engine.families.files.agent import inventory, watched
from lab_engine.families.files.resources import File
from lab_engine.families.process.agent import inventory as process_inventory
from lab_engine.families.provider import Mark
from lab_engine.kernel import mountinfo
from lab_engine.kernel.processes import Process
from tests.families.folders import own_folders

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts and marks")


@pytest.fixture(autouse=True)
def place() -> Iterator[None]:
    with own_folders():
        yield


def sh(command: str) -> None:
    subprocess.run(["bash", "-ec", command], check=True, timeout=20)


def command_of(key: str) -> str:
    pid = key.removeprefix("process/").partition("-")[0]
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def files() -> dict[str, str]:
    return {k: v for k, v in inventory.entries().items() if k.startswith("file/")}


TREE = """
mkdir -p /srv/a/b /srv/empty; echo one > /srv/a/one; echo two > /srv/a/b/two
chmod 600 /srv/a/one; chown 12:34 /srv/a/b/two; ln -s one /srv/a/link; mkfifo /srv/a/pipe
mknod /srv/a/null c 1 3; head -c 3000000 /dev/zero > /srv/a/large; touch -d '2020-01-01' /srv/a/one
mkdir /srv/mem; mount -t tmpfs mem /srv/mem; echo held > /srv/mem/file
"""

DAMAGE = {
    "deleted": "rm /srv/a/one",
    "folder deleted": "rm -r /srv/a",
    "changed": "echo more >> /srv/a/one",
    "same size": "printf 'ONE\\n' > /srv/a/one",
    "mode": "chmod 644 /srv/a/one /srv/a/b",
    "owner": "chown 1:1 /srv/a/b/two",
    "added": "echo new > /srv/new; mkdir -p /srv/n/m; echo x > /srv/n/m/x",
    "file became a folder": "rm /srv/a/one; mkdir /srv/a/one; touch /srv/a/one/x",
    "folder became a file": "rm -r /srv/empty; touch /srv/empty",
    "link elsewhere": "ln -sfn b /srv/a/link",
    "file became a link": "rm /srv/a/one; ln -s /etc/passwd /srv/a/one",
    "large one cut": "truncate -s 5 /srv/a/large",
    "special ones gone": "rm /srv/a/pipe /srv/a/null",
    "in memory": "rm /srv/mem/file; touch /srv/mem/other",
    "everything": "rm -rf /srv/a /srv/empty /srv/mem/*; echo x > /srv/x",
}


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_seen_and_mended(how: str, tmp_path: Path) -> None:
    sh(TREE)
    keep = tmp_path / "step.files"
    watched.snapshot(keep)
    before = files()
    time_of_one = Path("/srv/a/one").stat().st_mtime_ns
    sh(DAMAGE[how])
    assert files() != before
    assert watched.restore(keep)
    assert files() == before
    assert Path("/srv/a/one").stat().st_mtime_ns == time_of_one
    assert watched.restore(keep) == []
    sh("test -p /srv/a/pipe; test -c /srv/a/null; test $(stat -c %s /srv/a/large) = 3000000")
    assert Path("/srv/a/b/two").read_text() == "two\n"


def test_an_open_inode_is_mended_in_place(tmp_path: Path) -> None:
    """A container that has the file mounted must see the mended text."""
    sh("echo one > /srv/one; touch /srv/shown; mount --bind /srv/one /srv/shown")
    watched.snapshot(tmp_path / "s.files")
    sh("echo two > /srv/one")
    watched.restore(tmp_path / "s.files")
    assert Path("/srv/shown").read_text() == "one\n"


def test_mark_comes_back_with_its_file(tmp_path: Path) -> None:
    wanted = File("page", path="/srv/page", content="hello", owner="root")
    its, mark = provider("file"), Mark("inventory-test")
    its.create(wanted, mark, lambda _: None)
    watched.snapshot(tmp_path / "s.files")
    sh("rm /srv/page; printf hello > /srv/page")
    assert not its.observe([wanted], mark)["page"].ours
    watched.restore(tmp_path / "s.files")
    seen = its.observe([wanted], mark)["page"]
    assert (seen.ours, seen.drift) == (True, "")


def test_second_snapshot_drops_what_is_not_needed(tmp_path: Path) -> None:
    sh("echo one > /srv/one")
    watched.snapshot(tmp_path / "s.files")
    sh("echo two > /srv/one")
    watched.snapshot(tmp_path / "s.files")
    assert len(list((tmp_path / "blobs").iterdir())) == 1


def test_file_in_memory_does_not_come_back_without_its_mount(tmp_path: Path) -> None:
    sh(TREE)
    watched.snapshot(tmp_path / "s.files")
    sh("umount /srv/mem")
    watched.restore(tmp_path / "s.files")
    assert list(Path("/srv/mem").iterdir()) == []


def test_snapshot_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="no snapshot"):
        watched.restore(tmp_path / "none.files")


def mounts() -> set[str]:
    return {key for key in inventory.entries() if key.startswith("mount//srv/")}


def test_mounts_on_top_of_each_other() -> None:
    sh("mkdir /srv/m; mount -t tmpfs one /srv/m")
    sh("mount -t tmpfs two /srv/m; mount -t tmpfs three /srv/m")
    assert mounts() == {"mount//srv/m", "mount//srv/m#2", "mount//srv/m#3"}
    inventory.remove("mount//srv/m#2")
    assert mounts() == {"mount//srv/m"}
    inventory.remove("mount//srv/m#2")
    entry = mountinfo.at("/srv/m", mountinfo.mounts())
    assert entry is not None
    assert entry.source == "one"
    inventory.remove("mount//srv/m")
    inventory.remove("mount//srv/m")
    assert mounts() == set()


def test_what_the_agent_starts_is_machinery_and_what_init_took_over_is_not() -> None:
    """Also when another process asks than the agent itself."""

    def process(pid: int, parent: int, *argv: str) -> Process:
        return Process(pid, parent, Path(argv[0]).name, argv, 0, "S", 1, 1)

    among = [
        process(1, 0, "docker-init", "--", machinery.ENTRYPOINT),
        process(7, 1, "/bin/sh", machinery.ENTRYPOINT),
        process(62, 7, "python", "-m", "lab_engine.agent"),
        process(70, 62, "nft", "-j", "list", "ruleset"),
        process(71, 7, "sleep", "0.2"),
        process(80, 1, "sleep", "1d"),
        process(90, 0, "bash", "-l"),
        process(91, 90, "sh", machinery.ENTRYPOINT),
        process(92, 91, "sleep", "1d"),
    ]
    assert machinery.pids({one.pid: one for one in among}) == {1, 7, 62, 70, 71}


def started(argv: str) -> int:
    """The process with this command line, once it is there."""
    while not (found := subprocess.run(["pgrep", "-xf", argv], capture_output=True).stdout):
        time.sleep(0.01)
    return int(found.split()[0])


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_process_that_is_ending_is_nobodys() -> None:
    """It has given up its program and with it its mark, before it is collected."""
    # Not a child of this test, whose own are machinery.
    sh("setsid --fork unshare --pid --fork sleep 87654")
    ending = started("sleep 87654")
    held = subprocess.Popen(["nsenter", "--target", str(ending), "--pid", "sleep", "87655"])
    try:
        started("sleep 87655")
        assert [key for key in process_inventory.entries() if f"/{ending}-" in key]
        # The first one of a PID namespace ends only when all others there are collected.
        held.send_signal(signal.SIGSTOP)
        while state_of(held.pid) != "T":
            time.sleep(0.01)
        os.kill(ending, signal.SIGKILL)
        while command_of(f"process/{ending}-"):
            time.sleep(0.01)
        assert state_of(ending) not in ("Z", "X"), "it is not in between"
        assert not [key for key in process_inventory.entries() if f"/{ending}-" in key]
    finally:
        held.send_signal(signal.SIGCONT)
        held.kill()
        held.wait()


def test_process_is_ended_and_another_with_its_number_is_not() -> None:
    before = process_inventory.entries()
    sh("setsid -f sh -c \"trap '' TERM; sleep 1000.71 & wait; sleep 1000.71\" > /dev/null 2>&1")
    time.sleep(0.2)
    added = [key for key in process_inventory.entries() if key not in before]
    mine = [key for key in added if "1000.71" in command_of(key)]
    try:
        assert len(mine) == 2
        pid = mine[0].removeprefix("process/").partition("-")[0]
        process_inventory.remove(f"process/{pid}-1")
        assert Path(f"/proc/{pid}").exists()
    finally:
        for key in mine:
            process_inventory.remove(key)
            process_inventory.remove(key)
    assert not process_inventory.entries().keys() & set(mine)


@pytest.mark.bench
@pytest.mark.inside
def test_loop_device_of_ours_is_seen_and_detached() -> None:
    sh("truncate -s 1M /srv/disk.img")
    made = subprocess.run(
        ["losetup", "--find", "--show", "/srv/disk.img"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    key = "loop/" + made.stdout.strip().removeprefix("/dev/")
    try:
        assert inventory.entries()[key] == "/srv/disk.img"
        sh("rm /srv/disk.img")
        assert key in inventory.entries()
    finally:
        inventory.remove(key)
    assert key not in inventory.entries()
    inventory.remove(key)


@pytest.mark.inside
def test_a_group_goes_with_what_is_in_it_but_not_with_what_the_bench_runs() -> None:
    """PID 1 stands for the agent and the rest: all of them are machinery."""
    # Others need values of their own first, such as cpuset (cpuset(7)).
    tops = [Path(tree) for tree, its in trees.trees().items() if {"pids", "unified"} & {*its}]
    assert tops, "no control groups here"
    was = Path("/proc/1/cgroup").read_text()
    # No child of this process, which is the agent here: what is below that is machinery, too.
    sleeper = int(subprocess.check_output(["sh", "-c", "sleep 600 > /dev/null & echo $!"]))
    try:
        for top in tops:
            (top / "by-hand" / "below").mkdir(parents=True)
            for pid in (1, sleeper):
                (top / "by-hand" / "below" / "cgroup.procs").write_text(str(pid))
        assert group_inventory.entries() == {
            "cgroup/by-hand": "group",
            "cgroup/by-hand/below": "group",
        }
        group_inventory.remove("cgroup/by-hand")
        assert group_inventory.entries() == {}
        assert Path("/proc/1/cgroup").read_text() == was
        deadline = time.monotonic() + 10
        while Path(f"/proc/{sleeper}/exe").exists():
            assert time.monotonic() < deadline, "the sleep runs on"
            time.sleep(0.05)
    finally:
        with suppress(ProcessLookupError):
            os.kill(sleeper, signal.SIGKILL)
