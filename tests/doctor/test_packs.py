"""What packs want of a machine, asked of machines that have it and of some that have not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine import doctor
from lab_engine.course import pack
from lab_engine.doctor.machine import Output, State
from lab_engine.errors import BenchError
from tests.doctor.test_doctor import by_name, healthy
from tests.packs.test_recipes import make

WANTS = """[wants]
memory = 3000
machines = ["x86_64"]
cgroup = [2]
"""


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pack of 500 MB that wants much, in the place of the kit's."""
    make(tmp_path, "big", installed=500, more=WANTS)
    monkeypatch.setattr(pack, "root", lambda: tmp_path)


def test_a_machine_that_has_all_is_told_so() -> None:
    found = by_name(healthy(Architecture="x86_64"))
    assert found["Packs"].state is State.OK
    assert "all 1" in found["Packs"].found
    assert doctor.lacking(["big"], healthy(Architecture="x86_64")) == []


@pytest.mark.parametrize(
    ("info", "said", "mend"),
    [
        (
            {"Architecture": "aarch64"},
            "made for x86_64; this engine runs on aarch64",
            "DOCKER_HOST",
        ),
        ({"CgroupVersion": "1"}, "wants cgroup version 2", "unified_cgroup_hierarchy=1"),
    ],
)
def test_what_a_build_would_be_in_vain_for_is_refused(
    info: dict[str, str], said: str, mend: str
) -> None:
    found = by_name(healthy(**info))["Pack big"]
    # The course can be taken without it.
    assert found.state is State.LIMITED
    assert said in found.found
    assert mend in found.mend
    assert "big" in found.lost
    with pytest.raises(BenchError, match=said) as refused:
        doctor.lacking(["big"], healthy(**info))
    assert mend in refused.value.hint


def test_the_disk_is_looked_at_only_for_what_is_not_built() -> None:
    machine = healthy()
    machine.room = 1 << 30
    assert "of disk while it is built" in by_name(machine)["Pack big"].found
    with pytest.raises(BenchError, match="disk"):
        doctor.lacking(["big"], machine)
    machine.answers["docker image ls --format"] = Output(0, "big-0123456789ab-01234567\n")
    assert by_name(machine)["Packs"].state is State.OK


def test_memory_that_is_short_is_told_and_not_refused() -> None:
    (short,) = doctor.lacking(["big"], healthy(MemTotal=2 << 30))
    assert "wants 2.9 GiB of memory; this machine has 2.0 GiB" in short.found
    machine = healthy()
    machine.variables["INFRALAB_BENCH_MEMORY"] = "2g"
    (limit,) = doctor.lacking(["big"], machine)
    assert "allows a bench 2.0 GiB" in limit.found
    assert limit.mend == "export INFRALAB_BENCH_MEMORY=3g"


@pytest.mark.parametrize(
    ("version", "allowed", "short"),
    [("2", "128\n", True), ("2", "256\n", False), ("1", "128\n", False), ("2", None, False)],
)
def test_inotify_that_is_short_is_told_where_each_pod_takes_one(
    version: str, allowed: str | None, short: bool, tmp_path: Path
) -> None:
    make(tmp_path, "pods", installed=500, more="[wants]\ninotify = 256\n")
    machine = healthy(CgroupVersion=version)
    if allowed:
        machine.files["/proc/sys/fs/inotify/max_user_instances"] = allowed
    found = doctor.lacking(["pods"], machine)
    assert bool(found) == short
    for one in found:
        assert "max_user_instances of 256; this machine has 128" in one.found
        assert "sysctl -w fs.inotify.max_user_instances=256" in one.mend
