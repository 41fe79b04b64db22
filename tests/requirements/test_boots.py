"""Statements about a system that a learner made; the machine is real."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lab_engine.authoring import See, require_boots, require_remembers
from tests.requirements.conftest import Stage, Statement

pytestmark = [pytest.mark.bench, pytest.mark.vm, pytest.mark.slow]

AT = "/home/learner/work/boots"
IMAGE = f"{AT}/os.img"
SAYS = "Bread is ready."
MOUNTS = ("mount -t proc p /proc", "mount -t devtmpfs d /dev")
MODULE = "$(find /usr/lib/infralab/guest/lib/modules -name virtio_blk.ko.xz)"
FRESH = (
    f"mkdir -p {AT}/os && cd {AT}/os && mkdir bin proc dev etc data var && "
    "cp /bin/busybox bin && for one in sh mount insmod tar sync cat; do ln -s busybox bin/$one; "
    f"done && xz -dc {MODULE} > virtio_blk.ko"
)
DISK = ("insmod /virtio_blk.ko", "mount -t ext4 /dev/vda /data")


def program(path: str, *lines: str) -> str:
    told = " ".join(f"'{line}'" for line in lines)
    return f"printf '%s\\n' {told} > {path} && chmod +x {path}"


def init(*lines: str, shell: str = "/bin/sh", says: str = SAYS) -> str:
    return program("init", f"#!{shell}", *MOUNTS, *lines, f"echo {says}", "exec sh")


def packed(how: str = "gzip -1") -> str:
    return f"find . | cpio -o -H newc --quiet | {how} > {IMAGE}"


SAVE = program("bin/save", "#!/bin/sh", "tar cf /data/kept.tar /etc && sync")
SYNCS = program("bin/save", "#!/bin/sh", "sync")


@pytest.fixture
async def folder(stage: Stage) -> AsyncIterator[Stage]:
    await stage.type(FRESH)
    yield stage
    await stage.type(f"rm -r {AT}")


async def boots(see: See) -> None:
    await require_boots(see, IMAGE, SAYS)


async def small(see: See) -> None:
    await require_boots(see, IMAGE, SAYS, shell=False, largest=500 << 10)


async def remembers(see: See) -> None:
    await require_remembers(see, IMAGE, SAYS, keeps="/etc/note", forgets="/etc/late", save="save")


async def remembers_var(see: See) -> None:
    await require_remembers(see, IMAGE, SAYS, keeps="/var/note", forgets="/etc/note")


@pytest.mark.parametrize(
    ("statement", "script", "reason"),
    [
        (boots, f"{init()} && {packed()}", "pass"),
        (boots, f"{init()} && {packed('cat')}", "pass"),
        (boots, f"{init()} && {packed('zstd -q')}", "pass"),
        (boots, "true", "no-file"),
        (boots, f"tar c . > {IMAGE}", "no-archive"),
        (small, f"{init()} && {packed()}", "too-large"),
        (boots, f"{init()} && chmod -x init && {packed()}", "init-not-run"),
        (boots, f"{init(shell='/bin/bash')} && {packed()}", "init-not-run"),
        (boots, f"rm bin/sh && {packed()}", "panic"),
        (boots, f"{init(says='Cake')} && {packed()}", "other-text"),
        (boots, f"{program('init', '#!/bin/sh', f'echo {SAYS}')} && {packed()}", "init-ended"),
        (boots, f"{init().replace('exec sh', 'poweroff -f')} && ln -s busybox bin/poweroff && "
         f"{packed()}", "switched-off"),
        (boots, f"{init().replace('exec sh', 'while :; do sleep 1; done')} && "
         f"ln -s busybox bin/sleep && {packed()}", "no-shell"),
        (remembers, f"{SAVE} && {init(*DISK, 'tar xf /data/kept.tar -C /')} && {packed()}",
         "pass"),
        (remembers, f"{init()} && {packed()}", "no-command"),
        (remembers, f"rmdir etc && {init()} && {packed()}", "no-folder"),
        (remembers, f"{SAVE} && chmod -x bin/save && {init()} && {packed()}", "not-saved"),
        (remembers, f"{SYNCS} && {init()} && {packed()}", "lost"),
        (remembers, f"{SYNCS} && {init(*DISK, 'mount --bind /data /etc')} && {packed()}",
         "not-in-memory"),
        (remembers_var, f"{init(*DISK, 'mount --bind /data /var')} && {packed()}", "pass"),
        (remembers_var, f"{init(*DISK)} && {packed()}", "lost"),
    ],
)  # fmt: skip
async def test_what_a_system_does(
    folder: Stage, statement: Statement, script: str, reason: str
) -> None:
    await folder.type(f"cd {AT}/os && {script}")
    assert await folder.reason(statement) == reason
