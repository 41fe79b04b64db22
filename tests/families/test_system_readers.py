"""What the probes of files, mounts, processes and limits say of things made for the test."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.errors import ProviderError
from lab_engine.families.files import probes as s
from lab_engine.families.files.agent import cgroups
from lab_engine.families.files.agent import readers as system
from lab_engine.families.process.agent import readers as process_readers
from lab_engine.families.process.probes import ProcessProbe
from tests.families.folders import own_folders

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts and marks")


@pytest.fixture(autouse=True)
def place() -> Iterator[None]:
    with own_folders():
        yield


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """A process with a mount namespace of its own, in which /srv is another one."""
    script = (
        "mount -t tmpfs -o size=64k inside /srv; echo inside > /srv/file; "
        "ln -s /srv/file /srv/link; mount -o remount,ro /srv; exec sleep 1000.73"
    )
    process = subprocess.Popen(["unshare", "--mount", "sh", "-ec", script])
    try:
        deadline = time.monotonic() + 10
        while "sleep" not in Path(f"/proc/{process.pid}/comm").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_file() -> None:
    path = Path("/srv/file")
    path.write_text("hällo\n")
    path.chmod(0o640)
    os.chown(path, 0, 0)
    seen = system.read_file(s.FileProbe("/srv/file"))
    assert (seen.exists, seen.kind, seen.mode, seen.owner) == (True, "file", 0o640, "root:root")
    assert (seen.content, seen.whole, seen.size) == ("hällo\n", True, 7)
    assert seen.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert seen.modified_ns == path.stat().st_mtime_ns


def test_large_file_is_cut_and_hashed_whole() -> None:
    Path("/srv/file").write_bytes(b"x" * (s.CONTENT_LIMIT + 1))
    seen = system.read_file(s.FileProbe("/srv/file"))
    assert len(seen.content) == s.CONTENT_LIMIT
    assert not seen.whole
    assert seen.sha256 == hashlib.sha256(Path("/srv/file").read_bytes()).hexdigest()


def test_links_and_special_files() -> None:
    Path("/srv/link").symlink_to("nowhere")
    os.mkfifo("/srv/pipe")
    assert not system.read_file(s.FileProbe("/srv/link")).exists
    seen = system.read_file(s.FileProbe("/srv/link", follow=False))
    assert (seen.kind, seen.link) == ("link", "nowhere")
    assert system.read_file(s.FileProbe("/srv/pipe")).kind == "fifo"
    assert not system.read_file(s.FileProbe("/srv/pipe/x")).exists


def test_file_of_another_mount_namespace(elsewhere: int) -> None:
    assert not system.read_file(s.FileProbe("/srv/file")).exists
    assert system.read_file(s.FileProbe("/srv/file", pid=elsewhere)).content == "inside\n"
    assert system.read_file(s.FileProbe("/srv/link", pid=elsewhere)).content == "inside\n"
    entries = system.read_directory(s.DirectoryProbe("/srv", pid=elsewhere))
    assert entries.entries == {"file": "file", "link": "link"}
    usage = system.read_disk_usage(s.DiskUsageProbe("/srv", pid=elsewhere))
    assert usage.total == 65536
    assert os.getcwd() == str(Path.cwd())


def test_process_that_is_gone() -> None:
    assert not system.read_file(s.FileProbe("/", pid=4_000_000)).exists
    assert not system.read_mounts(s.MountsProbe(pid=4_000_000)).exists
    assert not system.read_mount(s.MountProbe("/", pid=4_000_000)).exists
    assert not system.read_disk_usage(s.DiskUsageProbe("/", pid=4_000_000)).exists
    assert not cgroups.read_cgroup(s.CgroupProbe(pid=4_000_000)).exists
    assert process_readers.read_processes(ProcessProbe(pid=4_000_000)).processes == ()


def test_mounts(elsewhere: int) -> None:
    seen = system.read_mount(s.MountProbe("/srv/", pid=elsewhere))
    assert (seen.exists, seen.fstype, seen.source) == (True, "tmpfs", "inside")
    assert seen.read_only
    assert seen.layers == 2
    assert system.read_mount(s.MountProbe("/srv")).source == "test"
    below = system.read_mounts(s.MountsProbe("/srv", pid=elsewhere))
    assert [mount.source for mount in below.mounts] == ["test", "inside"]
    assert not below.at("/srv/x").exists


def test_processes(elsewhere: int) -> None:
    probe = ProcessProbe(program="sleep", argv=r"^sleep 1000\.73$", user="root", everything=True)
    (seen,) = process_readers.read_processes(probe).processes
    assert (seen.pid, seen.parent, seen.state) == (elsewhere, os.getpid(), "S")
    assert abs(seen.started - time.time()) < 60
    assert seen.namespaces["mnt"] == os.stat(f"/proc/{elsewhere}/ns/mnt").st_ino
    assert seen.namespaces["net"] == os.stat("/proc/self/ns/net").st_ino
    with pytest.raises(ProviderError, match="regular expression"):
        process_readers.read_processes(ProcessProbe(argv="("))


def test_missing_folder_and_file_as_folder() -> None:
    Path("/srv/file").touch()
    assert not system.read_directory(s.DirectoryProbe("/srv/none")).exists
    assert not system.read_directory(s.DirectoryProbe("/srv/file")).exists


def test_limits_of_this_process() -> None:
    seen = cgroups.read_cgroup(s.CgroupProbe())
    assert seen.exists
    assert seen.version in (1, 2)
    assert not cgroups.read_cgroup(s.CgroupProbe(path="/no-such-group")).exists


V1 = {
    "memory/memory.limit_in_bytes": "67108864",
    "memory/memory.memsw.limit_in_bytes": "134217728",
    "memory/memory.usage_in_bytes": "4096",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3",
    "cpu/cpu.cfs_quota_us": "50000",
    "cpu/cpu.cfs_period_us": "100000",
    "cpu/cpu.shares": "512",
    "cpu/cpu.stat": "nr_periods 21\nnr_throttled 20\nthrottled_time 1",
    "cpuset/cpuset.cpus": "0-1",
    "pids/pids.max": "50",
    "pids/pids.current": "2",
    "pids/pids.events": "max 4",
    "freezer/freezer.state": "FROZEN",
}
V2 = {
    "memory.max": "67108864",
    "memory.swap.max": "67108864",
    "memory.current": "4096",
    "memory.events": "low 0\noom 3\noom_kill 3",
    "cpu.max": "50000 100000",
    "cpu.weight": "50",
    "cpu.stat": "usage_usec 5\nnr_throttled 20",
    "cpuset.cpus": "0-1",
    "pids.max": "50",
    "pids.current": "2",
    "pids.events": "max 4",
    "cgroup.events": "populated 1\nfrozen 1",
}


def test_both_versions_of_cgroups_say_the_same(tmp_path: Path) -> None:
    for name, text in (*V1.items(), *((f"unified/{name}", text) for name, text in V2.items())):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
    folders = {name: tmp_path / name for name in cgroups.CONTROLLERS}
    one = cgroups._version_1(folders, {})
    two = cgroups._version_2(tmp_path / "unified", {})
    assert one == s.CgroupReading(
        version=1,
        memory=64 << 20,
        memory_used=4096,
        swap=64 << 20,
        cpus=0.5,
        cpu_weight=50,
        cpuset="0-1",
        pids=50,
        pids_used=2,
        frozen=True,
        throttled=20,
        oom_kills=3,
        refused=4,
    )
    assert two.version == 2
    assert [getattr(one, f) for f in one.__struct_fields__ if f != "version"] == [
        getattr(two, f) for f in two.__struct_fields__ if f != "version"
    ]


def test_no_limit_is_none(tmp_path: Path) -> None:
    for name, text in (
        ("memory/memory.limit_in_bytes", "9223372036854771712"),
        ("cpu/cpu.cfs_quota_us", "-1"),
        ("pids/pids.max", "max"),
        ("unified/cpu.max", "max 100000"),
        ("unified/memory.max", "max"),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    one = cgroups._version_1({name: tmp_path / name for name in cgroups.CONTROLLERS}, {})
    two = cgroups._version_2(tmp_path / "unified", {})
    assert (one.memory, one.cpus, one.pids) == (None, None, None)
    assert (two.memory, two.cpus, two.pids) == (None, None, None)
