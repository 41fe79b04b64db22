"""A machine is booted, and what it hands back is kept until the next run."""

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


@dataclass(frozen=True)
class Ran:
    """What the guest handed back: exit code and seconds of each step, and its output."""

    how: str
    summary: dict[str, dict[str, float]]
    folder: Path

    def output(self, name: str) -> str:
        """What a step of `inside.py` wrote; it must have ended well."""
        text = (self.folder / f"{name}.log").read_text(errors="replace")
        assert self.summary[name]["code"] == 0, text
        return text

    def good(self, name: str) -> list[str]:
        """The cases that a proof's JUnit file lists, none of which may have failed."""
        cases = list(ET.parse(self.folder / f"{name}.xml").getroot().iter("testcase"))
        assert not [case.get("name") for case in cases if case.find("failure") is not None]
        return [case.get("name", "") for case in cases]


def run(machine: guest.Machine) -> Ran:
    """Build its disk if need be, boot it, wait until it is off. Skips without an engine."""
    try:
        image.ensure_image(print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    # Kept until the next run: half an hour's work, and pytest keeps only its last three folders.
    folder = settings.load().cache_dir / "v2" / f"last-{machine.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / "console.log"
    results = folder / "results"
    results.mkdir()
    how = guest.boot(machine, guest.disk(machine, print), results, log, print)
    summary_file = results / "summary.json"
    assert summary_file.exists(), f"the guest handed nothing back; its console: {log}"
    summary = json.loads(summary_file.read_text())
    for name, ended in summary.items():
        print(f"{name}: {ended}")
    return Ran(how, summary, results)
