"""Whether a machine has room for a bench that nobody has asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lab_engine import settings as settings_module
from lab_engine.doctor.machine import Machine
from lab_engine.doctor.spare import SPARE, reason_against
from lab_engine.settings import Settings

QUIET = "0.10 0.20 0.30 1/200 4242\n"


class Desk(Machine):
    """A machine with these files and this environment."""

    def __init__(self, files: dict[str, str], environment: Mapping[str, str]) -> None:
        self.files, self.environment = files, environment

    @property
    def env(self) -> Mapping[str, str]:
        return self.environment

    def read(self, path: str) -> str | None:
        return self.files.get(path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_module.load({"HOME": str(tmp_path)})


def of(memory: int | None, load: str = QUIET, **environment: str) -> Desk:
    files = {"/proc/loadavg": load}
    if memory is not None:
        files["/proc/meminfo"] = f"MemTotal: 64000000 kB\nMemAvailable:   {memory >> 10} kB\n"
    return Desk(files, environment)


def test_only_a_machine_with_memory_processors_and_its_own_engine(
    settings: Settings, tmp_path: Path
) -> None:
    enough = settings.bench_memory + SPARE
    none = tmp_path / "none"
    assert reason_against(settings, of(enough), none) == ""
    assert reason_against(settings, of(enough, DOCKER_HOST="unix:///run/d.sock"), none) == ""
    assert "memory" in reason_against(settings, of(enough - 1024), none)
    assert "memory" in reason_against(settings, of(None), none)
    busy = f"{os.cpu_count() or 1}.00 1 1 1/2 3\n"
    assert "processors" in reason_against(settings, of(enough, busy), none)
    assert "processors" in reason_against(settings, of(enough, ""), none)
    for engine in ("ssh://teacher@lab", f"unix://{settings.data_dir}/machine/docker.sock"):
        elsewhere = of(enough, DOCKER_HOST=engine)
        assert "another machine" in reason_against(settings, elsewhere, none)


@pytest.mark.parametrize(("status", "may"), [("Discharging", False), ("Full", True)])
def test_not_on_a_battery(settings: Settings, tmp_path: Path, status: str, may: bool) -> None:
    (tmp_path / "BAT0").mkdir()
    path = tmp_path / "BAT0" / "status"
    path.write_text(f"{status}\n")
    enough = of(settings.bench_memory + SPARE)
    enough.files[str(path)] = path.read_text()
    assert (reason_against(settings, enough, tmp_path) == "") is may


def test_the_learner_has_the_last_word(settings: Settings, tmp_path: Path) -> None:
    poor, rich = of(1 << 20), of(1 << 40)
    assert reason_against(replace(settings, bench_ahead="on"), poor, tmp_path) == ""
    assert "off" in reason_against(replace(settings, bench_ahead="off"), rich, tmp_path)
