"""The life of a bench: several at once, stopping, what is left after removal."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab_engine.bench import cache, container, engine
from lab_engine.bench.container import Bench
from lab_engine.errors import BenchError, DockerUnavailable
from tests.bench.conftest import ok, sh

pytestmark = pytest.mark.bench

Make = Callable[..., Bench]


def _ours(session: str) -> list[str]:
    """Names of containers, volumes and networks of a session, as the engine lists them by label."""
    api = engine.connect().api
    own = {"label": [f"infralab.session={session}"]}
    found = [item["Names"][0] for item in api.containers(all=True, filters=own)]
    found += [volume["Name"] for volume in api.volumes(filters=own)["Volumes"] or []]
    return found + [network["Name"] for network in api.networks(filters=own)]


def test_several_benches_do_not_meet(make_bench: Make) -> None:
    one, two = make_bench("one"), make_bench("two")
    for bench in (one, two):
        sh(bench, "/usr/lib/infralab/bin/start-docker")
        sh(bench, "docker load -qi /usr/lib/infralab/images/busybox.tar")
        sh(bench, "docker run -d --name same -p 80:80 busybox sleep 60")
        assert sh(bench, "docker inspect -f '{{.NetworkSettings.IPAddress}}' same") == "172.17.0.2"
    assert {one.session, two.session} <= {info.session for info in Bench.list()}
    two.remove()
    assert sh(one, "docker inspect -f '{{.State.Running}}' same") == "true"


def test_everything_is_labelled(make_bench: Make) -> None:
    bench = make_bench("labels")
    labels = bench.inspect()["Config"]["Labels"]
    assert labels["infralab.session"] == bench.session
    assert labels["infralab.kind"] == "bench"
    assert labels["infralab.created"]
    assert labels["infralab.version"]
    api = engine.connect().api
    for mount in bench.inspect()["Mounts"]:
        assert mount["Type"] == "volume", f"{mount} would not work with a remote engine"
        assert "infralab.kind" in (api.inspect_volume(mount["Name"])["Labels"] or {})


def test_removal_leaves_nothing(make_bench: Make) -> None:
    bench = make_bench("gone")
    assert len(_ours(bench.session)) == 3
    bench.remove()
    assert _ours(bench.session) == []
    assert bench.status() == "gone"
    assert Bench.find(bench.session) is None
    bench.remove()


def test_removal_by_two_at_once_leaves_nothing(make_bench: Make) -> None:
    made = make_bench("raced")
    other = Bench(made.session, made.id)
    docker = subprocess.Popen(["docker", "rm", "-f", made.name], stdout=subprocess.DEVNULL)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Bench.remove, (made, other)))
    docker.wait(timeout=30)
    assert _ours(made.session) == []


def test_removal_gives_back_loop_devices(make_bench: Make, bench: Bench) -> None:
    mine = make_bench("loops")
    attach = "cd /root; truncate -s 2M d.img; losetup -f --show $PWD/d.img"
    own, other = sh(mine, attach), sh(bench, attach)
    mounted = "cd /root; mkfs.ext4 -q $(losetup -f --show $(truncate -s 4M e.img; echo $PWD/e.img))"
    sh(mine, f"{mounted}; mkdir m; mount e.img m")
    mine.remove()
    left = sh(bench, "losetup --list --noheadings --output NAME,BACK-FILE").splitlines()
    try:
        assert other in [line.split()[0] for line in left]
        assert own not in [line.split()[0] for line in left]
        assert not [line for line in left if "e.img" in line]
    finally:
        sh(bench, f"losetup -d {other}; rm /root/d.img")


def test_stop_with_work_in_it_is_fast_and_start_brings_it_back(make_bench: Make) -> None:
    bench = make_bench("stop")
    sh(bench, "/usr/lib/infralab/bin/start-docker; /usr/lib/infralab/bin/start-libvirt")
    sh(bench, "docker load -qi /usr/lib/infralab/images/busybox.tar")
    sh(bench, "docker run -d --name keep busybox sh -c 'while :; do sleep 1; done'")
    began = time.monotonic()
    bench.stop()
    assert time.monotonic() - began < 3
    assert bench.status() == "exited"
    bench.start()
    sh(bench, "/usr/lib/infralab/bin/start-docker")
    assert sh(bench, "docker ps -a --format '{{.Names}} {{.Status}}'").startswith("keep Exited")
    sh(bench, "docker start keep")


def test_the_agent_comes_back_when_it_is_killed(make_bench: Make) -> None:
    bench = make_bench("agent")
    # A stand-in, so that this test is about the supervisor alone. It takes no folder away: an agent
    # that is still starting would put it back, to keep there what it compiles.
    script = """
    echo 'import time; time.sleep(600)' > /opt/infralab/lib/lab_engine/agent/__main__.py
    pkill -f '[l]ab_engine[.]agent' || true
    """
    sh(bench, script)
    seen = "0"
    for _ in range(3):
        wait = f"""
        for i in $(seq 100); do
            pgrep -f '[l]ab_engine[.]agent' | grep -vx {seen} && exit
            sleep 0.1
        done
        exit 1
        """
        seen = sh(bench, wait).split()[-1]
        sh(bench, f"kill -9 {seen} || true")


def test_pkill_of_everything_leaves_the_bench_alive(make_bench: Make) -> None:
    bench = make_bench("pkill")
    bench.run(["pkill", "-9", "python3"])
    bench.run(["pkill", "-9", "sh"])
    time.sleep(0.5)
    assert bench.status() == "running"
    assert sh(bench, "pgrep -f '[e]ntrypoint' | head -1") != ""


def test_a_second_bench_of_one_session_is_refused(make_bench: Make) -> None:
    bench = make_bench("twice")
    with pytest.raises(BenchError, match="there is one already"):
        Bench.create(bench.session)
    assert bench.status() == "running"


def test_a_failed_creation_leaves_nothing(image_tag: str) -> None:
    session = f"test-{os.getpid()}-broken"
    with pytest.raises(BenchError, match=r"(?i)memory"):
        Bench.create(session, memory=1 << 10)
    assert _ours(session) == []


def test_run_has_a_time_limit(bench: Bench) -> None:
    began = time.monotonic()
    with pytest.raises(BenchError, match="did not end within"):
        bench.run(["sleep", "20"], timeout=0.5)
    assert time.monotonic() - began < 5


def test_run_reports_exit_code_and_input(bench: Bench) -> None:
    done = bench.run(["sh", "-c", "cat; echo no >&2; exit 7"], stdin=b"given")
    assert (done.exit_code, done.stdout, done.stderr) == (7, b"given", b"no\n")


def test_run_in_a_stopped_bench_says_so(make_bench: Make) -> None:
    bench = make_bench("off")
    bench.stop()
    with pytest.raises(BenchError, match="cannot run") as caught:
        bench.run(["true"])
    assert caught.value.hint


def test_internet_network_lies_outside_the_course(make_bench: Make) -> None:
    bench = make_bench("net", internet=True)
    sh(bench, "/usr/lib/infralab/bin/start-docker")
    outer = sh(bench, "ip -4 -br addr show eth0 | awk '{print $3}'")
    assert not outer.startswith("172.17.")
    assert sh(bench, "ip -4 -br addr show docker0 | awk '{print $3}'") == "172.17.0.1/16"
    network = engine.connect().api.inspect_network(f"{container.PREFIX}outside")
    assert network["Labels"]["infralab.kind"] == "network"


def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(DockerUnavailable) as caught:
        Bench.find("any")
    assert caught.value.hint


def test_cache_is_written_by_one_at_a_time_and_read_by_benches(bench: Bench) -> None:
    key = f"test-{os.getpid()}"
    lines: list[str] = []
    output = cache.write(
        ["sh", "-c", f"echo working; echo content > {key}"], key=key, progress=lines.append
    )
    assert "working" in output
    assert "working" in lines
    try:
        assert sh(bench, f"cat {cache.MOUNT}/{key}") == "content"
        assert cache.manifest()[key]["image"].startswith("infralab/bench:")
    finally:
        cache.write(["rm", "-f", key], key=key, forget=True)
    assert key not in cache.manifest()


def test_a_writer_of_the_cache_is_heard_while_it_works_and_ended_in_time(image_tag: str) -> None:
    heard: list[tuple[str, bool]] = []

    def hear(line: str) -> None:
        (writer,) = engine.connect().api.containers(all=True, filters={"name": cache.WRITER})
        heard.append((line, writer["State"] == "running"))

    script = "printf 'be'; sleep 1; echo gun; echo again >&2; sleep 60"
    with pytest.raises(BenchError, match="not ready after 4 s"):
        cache.write(["sh", "-c", script], key="slow", timeout=4.0, progress=hear)
    # Two streams, two pipes: which of two lines written at once arrives first, nobody promises.
    assert sorted(heard) == [("again", True), ("begun", True)]
    assert "slow" not in cache.manifest()
    assert engine.connect().api.containers(all=True, filters={"name": cache.WRITER}) == []


def test_a_failed_writer_of_the_cache_is_reported_and_removed(image_tag: str) -> None:
    with pytest.raises(BenchError, match="no such thing"):
        cache.write(["sh", "-c", "echo no such thing; exit 3"], key="broken")
    assert "broken" not in cache.manifest()
    assert engine.connect().api.containers(all=True, filters={"name": cache.WRITER}) == []


def test_docker_stop_from_outside_is_clean(make_bench: Make) -> None:
    bench = make_bench("outside")
    began = time.monotonic()
    subprocess.run(["docker", "stop", bench.name], check=True, capture_output=True)
    assert time.monotonic() - began < 3
    assert bench.inspect()["State"]["ExitCode"] == 0
    ok_again = bench
    ok_again.start()
    ok(ok_again.run(["true"]))
