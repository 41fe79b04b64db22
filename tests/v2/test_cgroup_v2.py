"""The kit on cgroup v2: a whole machine with systemd, in it Docker, a bench and a lesson's proof.

On demand: `./infralab test --v2`. The first run builds the machine's disk (some minutes); where KVM
does not work it is emulated, which makes each step ten to twenty times as slow.
"""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab_engine import settings
from lab_engine.bench import image
from lab_engine.errors import DockerUnavailable
from tests.v2 import guest

LIMIT = guest.BUILD_SECONDS + guest.BOOT_SECONDS + 1200
pytestmark = [pytest.mark.v2, pytest.mark.slow, pytest.mark.timeout(LIMIT)]


@dataclass(frozen=True)
class Machine:
    """What the guest handed back: exit code and seconds of each step, and its output."""

    ran: str
    summary: dict[str, dict[str, float]]
    folder: Path

    def output(self, name: str) -> str:
        """What a step of `inside.py` wrote; it must have ended well."""
        text = (self.folder / f"{name}.log").read_text(errors="replace")
        assert self.summary[name]["code"] == 0, text
        return text


@pytest.fixture(scope="module")
def machine() -> Machine:
    try:
        image.ensure_image(print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    # Kept until the next run: half an hour's work, and pytest keeps only its last three folders.
    folder = settings.load().cache_dir / "v2" / "last"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / "console.log"
    results = folder / "results"
    results.mkdir()
    ran = guest.boot(guest.disk(print), results, log, print)
    summary_file = results / "summary.json"
    assert summary_file.exists(), f"the guest handed nothing back; its console: {log}"
    summary = json.loads(summary_file.read_text())
    for name, ended in summary.items():
        print(f"{name}: {ended}")
    return Machine(ran, summary, results)


def test_the_machine_has_systemd_and_cgroup_2(machine: Machine) -> None:
    lines = machine.output("host").split()
    assert lines[0] == "cgroup2fs"
    assert "systemd" in lines
    assert "2 systemd" in machine.output("host")


def test_the_saved_image_is_taken_up(machine: Machine) -> None:
    assert "infralab/bench:" in machine.output("image")


def test_facts_of_a_bench_hold(machine: Machine) -> None:
    text = machine.output("facts")
    assert " passed" in text
    assert " failed" not in text


def test_the_verifier_of_a_grading_looks(machine: Machine) -> None:
    text = machine.output("beside")
    assert " passed" in text
    assert " failed" not in text


def test_every_step_of_two_lessons_is_made_ready_and_solved(machine: Machine) -> None:
    text = machine.output("walk")
    assert len(good(machine, "walk")) > 20, text


def test_near_misses_are_rejected(machine: Machine) -> None:
    text = machine.output("prove")
    assert len(good(machine, "prove")) > 5, text


def good(machine: Machine, name: str) -> list[str]:
    """The cases that a proof's JUnit file lists, none of which may have failed."""
    cases = list(ET.parse(machine.folder / f"{name}.xml").getroot().iter("testcase"))
    assert not [case.get("name") for case in cases if case.find("failure") is not None]
    return [case.get("name", "") for case in cases]


def test_nothing_is_left(machine: Machine) -> None:
    assert machine.output("left").strip() == ""
