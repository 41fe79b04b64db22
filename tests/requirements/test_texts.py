"""Statements about files and mounts: read kindly, read whole, and never for ever."""

from __future__ import annotations

import pytest

from lab_engine.authoring import (
    See,
    require_answer,
    require_file,
    require_line_added,
    require_mount,
    require_read_only,
    require_same_file,
)
from lab_engine.common.evidence import Unmet
from lab_engine.session.check import Inquiry
from tests.requirements.conftest import Stage, Statement

pytestmark = [pytest.mark.bench]

ODD = "/home/learner/work/odd.txt"


async def says_ipc(see: See) -> None:
    await require_file(see, ODD, says="ipc")


async def found_ipc(see: See) -> None:
    await require_answer(see, ODD, says="ipc", what="the odd kind")


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
    assert await stage.reason(found_ipc) == "pass"


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
    assert await stage.reason(found_ipc) == reason
    if "ipc" not in script:
        with pytest.raises(Unmet) as unmet:
            await found_ipc(Inquiry(stage.ask, None))
        assert "ipc" not in str(unmet.value.evidence), "a sentence gives the answer away"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "not-mounted"),
        ("sudo mount -t tmpfs memory drawer", "pass"),
        ("sudo mount -t tmpfs /srv drawer", "pass"),
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


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "not-mounted"),
        ("sudo mount --bind there drawer", "writable"),
        ("sudo mount --bind -o ro there drawer", "writable-elsewhere"),
        (
            "sudo mount --bind -o ro there drawer; sudo mount -t tmpfs none drawer/part",
            "mounted-below",
        ),
        ("sudo mount -t tmpfs -o ro none drawer", "pass"),
        (
            "sudo mount -t tmpfs none there; sudo mount --bind -o ro there drawer",
            "writable-elsewhere",
        ),
        (
            "sudo mount -t tmpfs none there; sudo mount --bind -o ro there drawer; "
            "sudo mount -o remount,bind,ro there",
            "pass",
        ),
    ],
)
async def test_what_cannot_be_changed(stage: Stage, script: str, reason: str) -> None:
    async def closed(see: See) -> None:
        await require_read_only(see, "/home/learner/work/drawer")

    await stage.type(f"mkdir -p drawer there/part; {script}")
    try:
        assert await stage.reason(closed) == reason
    finally:
        unmount = "while sudo umount $m 2>/dev/null; do :; done"
        await stage.type(f"for m in drawer/part drawer there; do {unmount}; done")


DISK = "truncate -s 32M disk; loop=$(sudo losetup -f --show disk)"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (f"{DISK}; sudo mkfs.ext4 -q $loop; sudo mount $loop drawer", "pass"),
        (f"{DISK}; sudo mkfs.ext4 -q -O ^has_journal $loop; sudo mount $loop drawer", "pass"),
        (f"{DISK}; sudo mkfs.ext2 -q $loop; sudo mount -t ext4 $loop drawer", "other-filesystem"),
        (f"{DISK}; sudo mkfs.ext3 -q $loop; sudo mount -t ext4 $loop drawer", "other-filesystem"),
        (f"{DISK}; sudo mkfs.ext4 -q $loop 32764k; sudo mount $loop drawer", "other-size"),
        ("sudo mount -t tmpfs -o size=32M none drawer", "other-filesystem"),
        (f"{DISK}; sudo mkfs.ext4 -q $loop", "not-mounted"),
    ],
)
async def test_superblocks(stage: Stage, script: str, reason: str) -> None:
    async def mounted(see: See) -> None:
        await require_mount(see, "/home/learner/work/drawer", fstype="ext4", size=32 << 20)

    await stage.type(f"mkdir -p drawer; {script}")
    try:
        assert await stage.reason(mounted) == reason
    finally:
        await stage.type(
            "while sudo umount drawer 2>/dev/null; do :; done; "
            "sudo losetup -j disk | cut -d: -f1 | xargs -r sudo losetup -d"
        )


@pytest.mark.parametrize(
    ("options", "reason"),
    [("size=3M", "pass"), ("size=3145728", "pass"), ("size=3584k", "other-size"),
     ("size=3000000", "other-size"), ("nr_inodes=9", "other-size")],
)  # fmt: skip
async def test_exact_sizes(stage: Stage, options: str, reason: str) -> None:
    async def mounted(see: See) -> None:
        await require_mount(see, "/home/learner/work/drawer", fstype="tmpfs", size=3 << 20)

    await stage.type(f"mkdir -p drawer; sudo mount -t tmpfs -o {options} none drawer")
    try:
        assert await stage.reason(mounted) == reason
    finally:
        await stage.type("sudo umount drawer")


async def same(see: See) -> None:
    await require_same_file(see, ODD)


async def more(see: See) -> None:
    await require_line_added(see, ODD, "net")


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (same, "true", "pass"),
        (same, "cp odd.txt there; rm odd.txt; mv there odd.txt", "pass"),
        (same, "touch -d 2020-01-01 odd.txt", "pass"),
        (same, "printf 'ipc\r\nuts\r\n' > odd.txt", "other-content"),
        (same, "truncate -s 1G odd.txt", "too-long"),
        (same, "rm odd.txt", "no-file"),
        (same, "rm odd.txt; mkfifo odd.txt", "no-plain-file"),
        (more, "echo net >> odd.txt", "pass"),
        (more, "printf 'net\r\n' >> odd.txt", "pass"),
        (more, "sed -i '1i net' odd.txt", "pass"),
        (more, "printf 'ipc\nnet\nuts' > there; mv there odd.txt", "pass"),
        (more, "echo net > odd.txt", "old-text-lost"),
        (more, "printf 'uts\nipc\nnet\n' > odd.txt", "old-text-lost"),
        (more, "echo mnt >> odd.txt", "not-added"),
        (more, "printf 'net\nnet\n' >> odd.txt", "not-added"),
        (more, "true", "not-added"),
    ],
)
async def test_what_was_there_before(
    stage: Stage, statement: Statement, script: str, reason: str
) -> None:
    await stage.type("printf 'ipc\nuts\n' > odd.txt")
    await stage.start(statement)
    await stage.type(script)
    assert await stage.reason(statement) == reason
