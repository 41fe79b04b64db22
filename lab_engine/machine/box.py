"""The machine's system as a Vagrant box: a disk that boots by itself, with the kit in it.

A box is a tar: the disk, what Vagrant has to know of it, and a Vagrantfile that goes before the
user's (vagrant-libvirt's README, "Box format"). The disk's own boot loader is put there byte by
byte, so a build needs no root, no loop device and no mount.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_engine.bench import image as bench
from lab_engine.bench import recipe, scratch, tarball, wheels
from lab_engine.common import digest, replacing
from lab_engine.errors import ImageError
from lab_engine.machine import image, kit, tree

HERE: Final = Path(__file__).parent / "box_recipe"
DISK: Final = "box.img"
DISK_GIB: Final = 40
"""As the guest sees it; the file holds what was written."""
NEEDED: Final = 8 << 30
"""Bytes that a build takes at its worst, the bench's image with it."""
SOURCES: Final = "/usr/share/doc/apt/examples/debian.sources"
"""Where apt's own package says where Debian's packages come from."""
BENCH: Final = "bench.tar"
BENCH_FOLDER: Final = "/usr/share/infralab"
"""Where the bench's image waits in the box; `vagrant/provision.sh` takes it in from there."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Box:
    """What was made: the file's size in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


def inputs() -> dict[str, bytes]:
    """What of the machine's recipe and of the box's own goes into the disk, by name."""
    shared = {name: (image.HERE / name).read_bytes() for name in ("masked.txt", "shared.sh")}
    own = {
        f"box/{path.relative_to(HERE).as_posix()}": path.read_bytes()
        for path in sorted(HERE.rglob("*"))
        if path.is_file() and path.name != "Vagrantfile"
    }
    own["customize.sh"] = own.pop("box/customize.sh")
    return {**shared, **own}


def packages() -> list[str]:
    """The Debian packages of the box: the machine's, and more."""
    return [line for folder in (image.HERE, HERE) for line in tree.lines(folder / "packages.txt")]


def metadata() -> dict[str, object]:
    """What Vagrant asks of a box for libvirt. The size is in GB of 2^30 bytes."""
    return {
        "provider": "libvirt",
        "format": "qcow2",
        "virtual_size": DISK_GIB,
        "architecture": "amd64",
    }


def make(file: Path, progress: Progress, *, with_bench: bool = True) -> Box:
    """Build the box and write it to `file`: five minutes beside a near mirror.

    Args:
        file: where it goes.
        progress: told what takes long.
        with_bench: whether the bench's image is in it, which is built here if it is missing.

    Raises:
        ImageError: something is missing on this computer, or the build failed.
        DockerUnavailable: no engine has the bench's image.
    """
    tree.able("a box")
    bench.check_place(file, 0)
    clone = kit.packed()
    with scratch.folder() as work, scratch.signals_as_interrupt():
        tree.check(work, NEEDED, "a box")
        files = inputs()
        files["kit.tar"] = clone
        (work / "wheels").mkdir()
        for wheel in wheels.gather(work / "wheels", progress, (recipe.PYTHON,)):
            files[f"wheels/{wheel.name}"] = wheel.read_bytes()
        before = []
        if with_bench:
            # Its wheels are in the box already.
            bench.save(work / BENCH, progress, packages=False)
            (work / BENCH).chmod(0o644)
            before = [
                f'mkdir -p "$1{BENCH_FOLDER}"',
                f"upload {work / BENCH} {BENCH_FOLDER}/{BENCH}",
            ]
        made = tree.made_in(work)
        hooks = (
            f'qemu-img convert -q -f raw -O qcow2 -c -o compression_type=zstd {tree.OUT}/disk.raw"'
            f" {made}/{DISK}",
        )
        tree.make(work, packages(), files, hooks, DISK_GIB << 10, progress, before, [SOURCES])
        progress(f"writing {file.name}")
        return _pack(made / DISK, file)


def _pack(disk: Path, file: Path) -> Box:
    try:
        with replacing.file(file) as fresh:
            # Not compressed: the disk is.
            with tarfile.open(fresh, "w", format=tarfile.GNU_FORMAT) as tar:
                text = json.dumps(metadata(), indent=2) + "\n"
                tarball.add(tar, "metadata.json", text.encode("ascii"))
                tarball.add(tar, "Vagrantfile", (HERE / "Vagrantfile").read_bytes())
                info = tarfile.TarInfo(DISK)
                info.size, info.mtime, info.mode = disk.stat().st_size, tarball.EPOCH, 0o644
                with disk.open("rb") as data:
                    tar.addfile(info, data)
            with fresh.open("rb") as whole:
                found = Box(fresh.stat().st_size, digest.of_file(whole))
    except OSError as error:
        raise ImageError(
            f"{file} cannot be written: {error.strerror or error}",
            hint="Free some space there, or name a file in another folder.",
        ) from error
    return found
