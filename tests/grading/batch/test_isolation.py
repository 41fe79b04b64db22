"""Which wall a batch has, and why; how long the rest of it takes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lab_engine import settings as settings_module
from lab_engine.bench import image
from lab_engine.bench.image import ImageState
from lab_engine.cli.isolated import isolated, require_image
from lab_engine.errors import BenchError, ImageError, PacksMissing, UsageError
from lab_engine.grading.batch import isolation
from lab_engine.grading.batch.pace import Pace
from lab_engine.machine import life, place
from lab_engine.machine.accelerator import Accelerator
from lab_engine.packs import image as images
from lab_engine.settings import Settings

KVM = Accelerator("kvm")
TCG = Accelerator("tcg", "there is no /dev/kvm")


def tried(accelerator: Accelerator) -> Callable[[], Accelerator]:
    return lambda: accelerator


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(settings_module.load(), data_dir=tmp_path, engine="")


@pytest.fixture
def made(settings: Settings) -> Settings:
    where = place.of(settings)
    where.folder.mkdir()
    where.docker.touch()
    return settings


def test_auto_takes_a_machine_where_one_is_made_and_kvm_works(made: Settings) -> None:
    choice = isolation.choose("auto", made, {}, tried(KVM))
    assert (choice.isolation, choice.why) == ("vm", "KVM works, and a machine has been made")
    emulated = isolation.choose("auto", made, {}, tried(TCG))
    assert emulated.isolation == "container"
    assert "there is no /dev/kvm" in emulated.why
    assert "--isolation vm" in emulated.why


def test_auto_without_a_machine_says_how_to_make_one(settings: Settings) -> None:
    choice = isolation.choose("auto", settings, {}, tried(KVM))
    assert choice.isolation == "container"
    assert "infralab machine create" in choice.why


def test_auto_follows_who_named_an_engine(made: Settings) -> None:
    elsewhere = {"DOCKER_HOST": "ssh://grader"}
    assert isolation.choose("auto", made, elsewhere, tried(KVM)).isolation == "container"
    docker = replace(made, engine="docker")
    assert isolation.choose("auto", docker, {}, tried(KVM)).isolation == "container"
    machine = replace(made, engine="machine")
    assert isolation.choose("auto", machine, elsewhere, tried(TCG)).isolation == "vm"
    place.of(made).use.touch()
    assert isolation.choose("auto", made, {}, tried(TCG)).isolation == "vm"


def test_what_is_asked_for_is_done_or_said(settings: Settings) -> None:
    with pytest.raises(BenchError, match="there is none") as told:
        isolation.choose("vm", settings, {}, tried(KVM))
    assert "infralab machine create" in told.value.hint
    assert isolation.choose("container", settings, {}, tried(KVM)).isolation == "container"
    with pytest.raises(UsageError, match="contradicts"):
        isolation.choose("container", replace(settings, engine="machine"), {}, tried(KVM))


def test_emulation_is_no_reason_against_what_is_asked_for(made: Settings) -> None:
    place.of(made).use.touch()
    assert isolation.choose("vm", made, {}, tried(TCG)).isolation == "vm"
    assert isolation.choose("container", made, {}, tried(KVM)).isolation == "container"


def test_it_is_read_from_the_engine_that_is_asked(settings: Settings) -> None:
    socket = f"unix://{settings.machine_socket}"
    assert isolation.current(settings, {"DOCKER_HOST": socket}) == "vm"
    assert isolation.current(settings, {"DOCKER_HOST": "unix:///var/run/docker.sock"}) == (
        "container"
    )
    assert isolation.current(settings, {}) == "container"


@contextmanager
def a_machine(
    made: Settings, monkeypatch: pytest.MonkeyPatch, *, runs: bool, image_there: bool = True
) -> Iterator[list[str]]:
    """What is done to it. `test_real.py` of `tests/machine` has the real one."""
    done: list[str] = []
    monkeypatch.setattr(os, "environ", {**os.environ, "INFRALAB_DATA_DIR": str(made.data_dir)})
    monkeypatch.setattr(life, "ready", lambda where: runs)
    monkeypatch.setattr(life, "start", lambda *given: done.append("start"))
    monkeypatch.setattr(life, "stop", lambda *given: done.append("stop"))
    state = ImageState("base", "bench", image_there, image_there, 0)
    monkeypatch.setattr(image, "state", lambda: state)
    yield done


def test_a_machine_that_is_off_is_on_for_the_batch_alone(
    made: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_machine(made, monkeypatch, runs=False) as done:
        with isolated("vm") as found:
            assert found == "vm"
            assert os.environ["DOCKER_HOST"] == f"unix://{made.machine_socket}"
            assert done == ["start"]
        assert done == ["start", "stop"]
        with pytest.raises(KeyboardInterrupt), isolated("vm"):
            raise KeyboardInterrupt
        assert done == ["start", "stop"] * 2
    said = capsys.readouterr().err
    assert "Grading in a virtual machine: it was asked for." in said
    assert "The machine is off: it is started for this" in said


def test_an_engine_is_named_before_its_time_limits_are_read() -> None:
    """Those of `bench.engine` are read as it is imported; an emulated machine needs ten times."""
    before = "from lab_engine.cli import frame, grade, isolated\n"
    before += "from lab_engine.grading.batch import isolation\nimport sys\n"
    code = f"{before}sys.exit('lab_engine.bench.engine' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_a_machine_that_runs_is_left_running(
    made: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_machine(made, monkeypatch, runs=True) as done:
        with isolated("vm"):
            pass
        assert done == []


def test_a_machine_without_the_image_says_how_to_copy_it(
    made: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        a_machine(made, monkeypatch, runs=True, image_there=False),
        pytest.raises(ImageError, match="no bench image") as told,
        isolated("vm"),
    ):
        pass
    assert "INFRALAB_ENGINE=machine infralab image load" in told.value.hint


def test_a_machine_without_the_packs_says_which(
    made: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacks = PacksMissing(("etcd",), "45 MB, about 1 minute", ("config", "etcd"))
    monkeypatch.setattr(images, "missing", lambda names: lacks if "etcd" in names else None)
    with a_machine(made, monkeypatch, runs=True):
        require_image(["config"])
        with pytest.raises(ImageError, match="missing: etcd") as told:
            require_image(["config", "etcd"])
    assert "--no-wheels --packs config etcd" in told.value.hint


def test_the_rest_takes_as_long_as_what_is_done() -> None:
    now = 0.0
    pace = Pace(100, lambda: now)
    assert pace.told(0) == ""
    now = 30.0
    assert pace.left(1) == 30 * 99
    assert pace.told(1) == ", about 50 min left"
    now = 2000.0
    assert pace.told(10) == ", about 5.0 h left"
    assert pace.told(98) == ", less than a minute left"
    assert pace.told(100) == ""
