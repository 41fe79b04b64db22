"""Statements about files and mounts: read kindly, read whole, and never for ever."""

from __future__ import annotations

import pytest

from lab_engine.authoring import See, require_file, require_mount
from tests.requirements.conftest import Stage

pytestmark = [pytest.mark.bench]

ODD = "/home/learner/work/odd.txt"


async def says_ipc(see: See) -> None:
    await require_file(see, ODD, says="ipc")


@pytest.mark.parametrize(
    "script",
    [
        "echo ipc > odd.txt",
        "printf ipc > odd.txt",
        "printf '  ipc  \\n\\n' > odd.txt",
        "printf 'ipc\\r\\n' > odd.txt",
        "printf '\\357\\273\\277ipc\\n' > odd.txt",
        "echo '\"ipc\"' > odd.txt",
        "echo IPC > odd.txt",
        "echo ipc > /tmp/there; ln -sf /tmp/there odd.txt",
        "sudo sh -c 'umask 077; echo ipc > odd.txt'",
    ],
)
async def test_right_ways(stage: Stage, script: str) -> None:
    await stage.type(script)
    assert await stage.reason(says_ipc) == "pass"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "no-file"),
        (": > odd.txt", "other-text"),
        ("echo net > odd.txt", "other-text"),
        ("echo 'ipc net uts' > odd.txt", "other-text"),
        ("printf 'ipc\\nnet\\n' > odd.txt", "other-text"),
        ("mkdir odd.txt", "no-plain-file"),
        ("mkfifo odd.txt", "no-plain-file"),
        ("ln -s odd.txt odd.txt", "no-plain-file"),
        ("ln -s /nowhere odd.txt", "no-file"),
        ("ln -s /dev/zero odd.txt", "no-plain-file"),
        ("truncate -s 1G odd.txt", "too-long"),
    ],
)
async def test_wrong_ways(stage: Stage, script: str, reason: str) -> None:
    await stage.type(script)
    assert await stage.reason(says_ipc) == reason


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "not-mounted"),
        ("sudo mount -t tmpfs memory drawer", "pass"),
        ("sudo mount -t tmpfs memory drawer; sudo mount --bind /srv drawer", "other-filesystem"),
        ("sudo mount --bind /srv drawer", "other-filesystem"),
    ],
)
async def test_mounts(stage: Stage, script: str, reason: str) -> None:
    async def mounted(see: See) -> None:
        await require_mount(see, "/home/learner/work/drawer", fstype="tmpfs")

    await stage.type(f"mkdir -p drawer; {script}")
    try:
        assert await stage.reason(mounted) == reason
    finally:
        await stage.type("while sudo umount drawer 2>/dev/null; do :; done")
