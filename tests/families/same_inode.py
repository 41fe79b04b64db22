"""A disk made anew in a folder that looks as it did (runs as root in a bench).

A file system gives the inode of the last file to the next one, so that neither the names nor the
inodes in a pool's folder say that libvirt has to look again. `python -m tests.families.same_inode`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lab_engine.families.libvirt.agent import inventory, pool, volumes
from lab_engine.families.libvirt.agent.connection import connect, start_event_loop
from lab_engine.families.libvirt.agent.disk import DiskProvider
from lab_engine.families.libvirt.agent.pool import PoolProvider
from lab_engine.families.libvirt.resources import Disk, Pool
from lab_engine.families.provider import Mark

ROUNDS = 12
MARK = Mark("inode")
POOL = Pool("inodes")
DISK = Disk("same.qcow2", pool=POOL.name, size=1)


def make() -> int:
    """The pool and the disk, as a step makes them; the disk's inode."""
    PoolProvider().create(POOL, MARK, print)
    DiskProvider().create(DISK, MARK, print)
    seen = volumes.find(DISK.name)
    assert seen is not None, "the disk was made, and no pool has it"
    assert any(volume.name() == DISK.name for volume in its_pool().listAllVolumes(0))
    return Path(seen.path).stat().st_ino


def its_pool() -> Any:
    return connect().storagePoolLookupByName(POOL.name)


def put_back(folder: Path) -> int:
    """The disk's file, deleted through libvirt and written again by hand; its inode."""
    inventory.remove(DISK.key)
    assert volumes.find(DISK.name) is None
    (folder / DISK.name).write_bytes(bytes(1 << 20))
    assert volumes.find(DISK.name) is not None, "the file was put back, and no pool has it"
    return (folder / DISK.name).stat().st_ino


def no_news(folder: Path) -> None:
    """What libvirt takes for no volume makes it look once, not at every reading."""
    (folder / "reserved").symlink_to("/nowhere")
    looks = []
    connect().storagePoolEventRegisterAny(None, 1, lambda *_: looks.append(1), None)
    for _ in range(5):
        volumes.refresh(its_pool())
        volumes.find("reserved")
    time.sleep(0.5)
    assert len(looks) == 1, looks
    (folder / "reserved").unlink()


def main() -> None:
    start_event_loop()
    inodes = []
    for _ in range(ROUNDS):
        inodes.append(make())
        inventory.entries()
        inventory.remove(DISK.key)
        inventory.remove(POOL.key)
    assert len(set(inodes)) < ROUNDS, f"no inode came twice, so nothing was tried: {inodes}"
    make()
    folder = Path(pool.path_of(its_pool()))
    again = []
    for _ in range(ROUNDS):
        again.append(put_back(folder))
        (folder / DISK.name).unlink()
        make()
        inventory.entries()
    no_news(folder)
    DiskProvider().destroy(DISK.name, MARK)
    PoolProvider().destroy(POOL.name, MARK)
    print("found each time", inodes, again)


if __name__ == "__main__":
    main()
