"""What only the providers of files, mounts and services owe, in a mount namespace of its own.

What all providers owe is in `obligations`.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab_engine.agent.providers import provider
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks
from lab_engine.families.files.resources import Directory, File, Mount, Tmpfs
from lab_engine.families.process.agent.service import members
from lab_engine.families.process.resources import Service, TcpReady
from lab_engine.families.provider import Mark, Provider
from lab_engine.kernel import processes
from tests.families.folders import own_folders

MARK = Mark("contract-test")
OTHER = Mark("another-session")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts and marks")


@pytest.fixture(autouse=True)
def place() -> Iterator[None]:
    with own_folders():
        yield
        for kind in ("service", "mount", "tmpfs"):
            for one in provider(kind).owned():
                if one.session in (MARK.session, OTHER.session):
                    provider(kind).destroy(one.key.partition("/")[2], Mark(one.session))


def sh(command: str) -> None:
    subprocess.run(["sh", "-ec", command], check=True, timeout=20)


def owned(its: Provider[Any]) -> set[str]:
    """The keys of what these tests made; benches on the same machine have services too."""
    return {one.key for one in its.owned() if one.session in (MARK.session, OTHER.session)}


def make(its: Provider[Any], resource: Any) -> None:
    its.create(resource, MARK, lambda _: None)
    deadline = time.monotonic() + its.limit("ready")
    while not its.reached(resource, resource.final_stage()):
        assert time.monotonic() < deadline, "never ready"
        time.sleep(0.02)


def test_a_copy_of_ours_is_not_ours() -> None:
    its = provider("file")
    wanted = File("page", path="/srv/a.txt", content="a", owner="root")
    make(its, wanted)
    sh("cp -a /srv/a.txt /srv/b.txt")
    its.destroy("page", MARK)
    assert not Path("/srv/a.txt").exists()
    assert Path("/srv/b.txt").read_text() == "a"


def test_files_made_side_by_side_share_the_folder_that_both_lacked() -> None:
    """Each was a plan of its own: the second one found the folder of the first in its place."""
    its = provider("file")
    for turn in range(20):
        wanted = [File(f"p{n}", path=f"/srv/n{turn}/deep/{n}.txt", owner="root") for n in range(8)]
        with ThreadPoolExecutor(len(wanted)) as pool:
            list(pool.map(lambda one: its.create(one, MARK, lambda _: None), wanted))
        assert len(list(Path(f"/srv/n{turn}/deep").iterdir())) == len(wanted)


def test_folder_above_stays_with_what_others_put_there() -> None:
    its = provider("file")
    make(its, File("page", path="/srv/new/a.txt", owner="root"))
    Path("/srv/new/mine").write_text("mine")
    its.destroy("page", MARK)
    assert Path("/srv/new/mine").read_text() == "mine"
    assert owned(its) == set()


@pytest.mark.parametrize(
    "wanted",
    [
        File("page", path="/srv/new/a.txt", owner="root"),
        Directory("page", path="/srv/new/a", owner="root"),
    ],
    ids=("file", "directory"),
)
def test_half_made_is_found_and_removed(wanted: Any) -> None:
    its = provider(wanted.kind())
    staged = marks.staged_path("/srv/new", MARK.text(wanted.key))
    staged.mkdir()
    assert owned(its) == {wanted.key}
    its.destroy("page", MARK)
    assert not staged.exists()


def test_half_made_mount_is_found_and_removed() -> None:
    its = provider("mount")
    wanted = Mount("web", source="/srv/data", target="/srv/there")
    Path("/srv/data").mkdir()
    make(its, wanted)
    sh("umount /srv/there")
    assert not its.observe([wanted], MARK)["web"].present
    assert owned(its) == {wanted.key}
    its.destroy("web", MARK)
    assert owned(its) == set()
    assert os.listxattr("/srv/data") == []


def test_mount_whose_source_was_removed() -> None:
    its = provider("mount")
    Path("/srv/data").mkdir()
    make(its, Mount("web", source="/srv/data", target="/srv/there"))
    Path("/srv/data").rmdir()
    its.destroy("web", MARK)
    assert not Path("/srv/there").exists()


def test_mount_of_somebody_on_top_is_not_taken_off() -> None:
    its = provider("tmpfs")
    make(its, Tmpfs("cache", target="/srv/cache"))
    sh("mount -t tmpfs theirs /srv/cache")
    with pytest.raises(ProviderError, match="covers ours"):
        its.destroy("cache", MARK)
    sh("findmnt -n -o SOURCE /srv/cache | tail -1 | grep -q theirs; umount /srv/cache")
    its.destroy("cache", MARK)


def test_busy_mount_goes_out_of_sight() -> None:
    its = provider("tmpfs")
    make(its, Tmpfs("cache", target="/srv/cache"))
    holder = subprocess.Popen(["sleep", "30"], cwd="/srv/cache")
    try:
        its.destroy("cache", MARK)
        assert not Path("/srv/cache").exists()
    finally:
        holder.kill()
        holder.wait()


def test_service_is_found_while_it_is_still_starting() -> None:
    """Between two programs (execve) a process shows no variables for a moment."""
    its = provider("service")
    wanted = Service("brief", argv=("sleep", "1000.72"), user="nobody")
    for _ in range(20):
        its.create(wanted, MARK, lambda _: None)
        its.destroy("brief", MARK)
        left = [p for p in processes.every().values() if "1000.72" in p.argv and not p.ended]
        assert left == []


def test_service_that_ends_at_once_says_its_last_words() -> None:
    its = provider("service")
    wanted = Service("dies", argv=("sh", "-c", "echo no such port >&2; exit 3"), user="nobody")
    its.create(wanted, MARK, lambda _: None)
    deadline = time.monotonic() + 60
    while its.observe([wanted], MARK)["dies"].present and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(ProviderError, match="no such port"):
        its.reached(wanted, "running")


def test_service_without_program_or_user() -> None:
    its = provider("service")
    with pytest.raises(ProviderError, match="no program"):
        its.create(Service("x", argv=("no-such-program",), user="nobody"), MARK, lambda _: None)
    with pytest.raises(ProviderError, match="no user"):
        its.create(Service("x", argv=("true",), user="nosuchuser"), MARK, lambda _: None)


def test_service_in_a_host_of_its_own() -> None:
    its = provider("service")
    sh("ip netns add contract-h1; ip -n contract-h1 link set lo up")
    wanted = Service(
        "inside",
        argv=(
            "python3",
            "-c",
            "import socket, time; s = socket.create_server(('127.0.0.1', 18473)); time.sleep(99)",
        ),
        user="nobody",
        host="contract-h1",
        ready=TcpReady(18473),
    )
    try:
        make(its, wanted)
        (process,) = members(MARK.text(wanted.key))
        assert Path(f"/proc/{process.pid}/ns/net").stat().st_ino == (
            Path("/run/netns/contract-h1").stat().st_ino
        )
        assert process.user == "nobody"
        its.destroy("inside", MARK)
    finally:
        sh("ip netns del contract-h1")
