"""What is compared of this computer before and after a machine's life (`test_real`)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab_engine.bench.container import Bench
from tests.bench.conftest import image_tag
from tests.machine import computer

__all__ = ["image_tag"]

pytestmark = [
    pytest.mark.bench,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root sees and changes all of it"),
]
DISK = "truncate -s 1M /var/lib/infralab/disk && losetup --find --show /var/lib/infralab/disk"


def test_other_peoples_benches_are_no_change(image_tag: str) -> None:
    before = computer.state()
    bench = Bench.create(
        f"test-{os.getpid()}-other", memory=1 << 30, idle_seconds=0, internet=True, tag=image_tag
    )
    try:
        done = bench.run(["sh", "-c", DISK])
        device = done.stdout.decode().strip()
        assert done.exit_code == 0, done
        seen = subprocess.run(["losetup", "--all"], capture_output=True, text=True, check=True)
        assert f"{device}:" in seen.stdout, "it is this computer's device"
        assert computer.state() == before
    finally:
        bench.remove()
    assert computer.state() == before


def test_anything_else_is_one(tmp_path: Path) -> None:
    before = computer.state()
    place = tmp_path / "mounted"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], check=True)
    try:
        subprocess.run(["ip", "link", "add", "ours0", "type", "bridge"], check=True)
        after = computer.state()
    finally:
        subprocess.run(["ip", "link", "delete", "ours0"], check=False)
        subprocess.run(["umount", str(place)], check=True)
    changed = {key for key in before if before[key] != after[key]}
    # A link has settings of its own.
    assert changed == {"mounts", "links", "sysctls"}
    assert computer.state() == before
