"""A bench goes, whatever the learner did to stay: paused, locked, torn away."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import APIError

from lab_engine.bench import engine, tool
from lab_engine.bench.container import Bench
from tests.bench.conftest import sh
from tests.bench.test_lifecycle import _ours as ours

pytestmark = pytest.mark.bench

Make = Callable[..., Bench]
RUN = """
/usr/lib/infralab/bin/start-docker; docker load -qi /usr/lib/infralab/images/busybox.tar
docker run -d --name still busybox sleep 600; docker pause still
"""


def pause(bench: Bench) -> None:
    """Pause a bench. runc gives up where processes are born faster than it freezes them."""
    for _ in range(20):
        try:
            engine.connect().api.pause(bench.id)
        except APIError as error:
            if "unable to freeze" not in str(error):
                raise
        else:
            return
    pytest.fail("the bench could not be frozen in 20 tries")


def test_a_bench_with_a_paused_container_goes(make_bench: Make) -> None:
    bench = make_bench("paused")
    sh(bench, RUN)
    bench.remove()
    assert ours(bench.session) == []


def test_a_killed_bench_with_a_paused_container_goes(make_bench: Make) -> None:
    bench = make_bench("paused-killed")
    sh(bench, RUN)
    # It hangs with cgroup v1: what is frozen keeps the signal for later.
    killing = subprocess.Popen(["docker", "kill", bench.name], stdout=subprocess.DEVNULL)
    try:
        sleep_out(killing)
        bench.remove()
    finally:
        killing.kill()
        killing.wait()
    assert ours(bench.session) == []


def sleep_out(process: subprocess.Popen[bytes], seconds: float = 2) -> None:
    """Give a command a moment to have its effect."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)


def test_a_bench_that_is_paused_itself_goes(make_bench: Make) -> None:
    bench = make_bench("frozen")
    pause(bench)
    bench.remove()
    assert ours(bench.session) == []


@pytest.mark.parametrize("folder", ["/var/lib/docker/volumes", "/var/lib/infralab", "/etc"])
def test_a_locked_file_goes(make_bench: Make, folder: str) -> None:
    bench = make_bench("locked" + folder.replace("/", "-"))
    sh(bench, f"mkdir -p {folder}/own; echo x > {folder}/own/file; echo x > {folder}/own/more")
    if bench.run(["chattr", "+i", f"{folder}/own/file", f"{folder}/own"]).exit_code:
        pytest.skip("this file system knows no locked files")
    sh(bench, f"chattr +a {folder}/own/more")
    bench.remove()
    assert ours(bench.session) == []


def test_a_killed_bench_leaves_no_loop_device(make_bench: Make) -> None:
    bench = make_bench("torn")
    device = sh(bench, "truncate -s 2M /root/d.img; losetup -f --show /root/d.img")
    block = bench.inspect()["Config"]["Labels"]["infralab.loops"]
    engine.connect().api.kill(bench.id)
    bench.remove()
    first, last = (int(word) for word in block.split("-"))
    assert int(device.removeprefix("/dev/loop")) in range(first, last)
    left = [n for n in range(first, last + 1) if Path(f"/sys/block/loop{n}/loop").exists()]
    assert left == []


def test_a_tool_whose_client_was_killed_does_not_hold_a_volume(
    make_bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench("tool")
    image = bench.inspect()["Config"]["Image"]
    volume = f"infralab-{bench.session}-state:/state"
    made = ["docker", "create", "--label", f"infralab.kind={tool.KIND}", "-v", volume, image]
    subprocess.run(made, check=True, capture_output=True)
    monkeypatch.setattr(tool, "SECONDS", -5)
    bench.remove()
    assert ours(bench.session) == []
