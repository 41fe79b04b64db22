"""The trial of an engine, on engines whose defaults forbid what a bench needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab_engine import doctor
from lab_engine.bench import engine, trial
from lab_engine.bench.container import Bench
from lab_engine.errors import BenchError
from tests.bench.conftest import image_tag, make_bench, sh

__all__ = ["image_tag", "make_bench"]

pytestmark = [pytest.mark.bench, pytest.mark.slow]

Second = Callable[..., str]


@pytest.fixture(scope="module")
def host(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench("engines")


@pytest.fixture
def second(host: Bench, monkeypatch: pytest.MonkeyPatch) -> Second:
    """Starts a second engine in a bench; its socket lies on a volume, in reach from here."""
    volume = engine.connect().api.inspect_volume(f"infralab-{host.session}-state")["Mountpoint"]

    def start(name: str, *options: str) -> str:
        socket = Path(volume) / f"{name}.sock"
        folder = f"/var/lib/docker/{name}"
        address = f"unix:///var/lib/infralab/{name}.sock"
        words = (
            f"-H {address} --data-root {folder} --exec-root /run/{name} --pidfile /run/{name}.pid "
            f"--config-file {folder}/own.json --bridge none --iptables=false {' '.join(options)}"
        )
        sh(host, f"mkdir -p {folder}; echo {{}} > {folder}/own.json")
        sh(host, f"setsid -f dockerd {words} > /var/log/{name}.log 2>&1")
        ask = f"docker -H {address} ps > /dev/null 2>&1"
        complain = f"cat /var/log/{name}.log; exit 1"
        sh(host, f"for i in $(seq 100); do {ask} && exit; sleep 0.1; done; {complain}")
        try:
            there = socket.exists()
        except OSError:
            there = False
        if not there:
            pytest.skip("the engine's volumes are not in reach from here")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
        return str(socket)

    return start


def test_the_engine_of_the_tests_gives_everything() -> None:
    assert trial.problems() == []
    names = engine.connect().api.images(name=trial.REPOSITORY)
    assert names == []


def test_defaults_that_a_bench_overrides_are_no_problem(second: Second) -> None:
    second(
        "defaults",
        "--no-new-privileges",
        "--log-driver=none",
        "--default-ulimit=fsize=1000:1000",
        "--default-shm-size=1M",
        "--default-ipc-mode=shareable",
    )
    assert trial.problems() == []


def test_too_few_open_files_are_found_and_refused_in_doctors_words(second: Second) -> None:
    second("few", "--default-ulimit=nofile=200:200")
    (found,) = trial.problems()
    assert "open files" in found
    with pytest.raises(BenchError, match="open files"):
        doctor.refuse_early()


def test_remapped_users_are_found(host: Bench, second: Second) -> None:
    sh(host, "id dockremap > /dev/null 2>&1 || useradd -r -s /usr/sbin/nologin dockremap")
    sh(host, "for f in subuid subgid; do echo dockremap:100000:65536 >> /etc/$f; done")
    second("remap", "--userns-remap=dockremap")
    assert any("userns-remap" in words for words in trial.problems())
