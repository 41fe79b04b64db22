"""The machine's system as a Vagrant box: a disk that boots by itself, with the kit in it.

A box is a tar: the disk, what Vagrant has to know of it, and a Vagrantfile that goes before the
user's (`box_format`). The disk's own boot loader is put there byte by byte, so a build needs no
root, no loop device and no mount. All providers' boxes have the same system.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_engine.bench import image as bench
from lab_engine.bench import recipe, scratch, tarball, wheels
from lab_engine.common import digest, replacing
from lab_engine.errors import ImageError
from lab_engine.machine import box_format, image, kit, tree
from lab_engine.machine.box_format import DISK_GIB, FORMATS, HERE, Format

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
        # What is a provider's own is in its box, and not on the disk.
        if path.is_file() and path.relative_to(HERE).parts[0] not in FORMATS
    }
    own["customize.sh"] = own.pop("box/customize.sh")
    return {**shared, **own}


def packages() -> list[str]:
    """The Debian packages of the box: the machine's, and more."""
    return [line for folder in (image.HERE, HERE) for line in tree.lines(folder / "packages.txt")]


def make(
    file: Path, progress: Progress, *, provider: str = "libvirt", with_bench: bool = True
) -> Box:
    """Build the box and write it to `file`: five minutes beside a near mirror.

    Args:
        file: where it goes.
        progress: told what takes long.
        provider: whose box it is, one of `box_format.FORMATS`.
        with_bench: whether the bench's image is in it, which is built here if it is missing.

    Raises:
        ImageError: something is missing on this computer, or the build failed.
        DockerUnavailable: no engine has the bench's image.
    """
    form = FORMATS[provider]
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
            f'qemu-img convert -q -f raw {form.convert} {tree.OUT}/disk.raw" {made}/{form.disk}',
        )
        tree.make(work, packages(), files, hooks, DISK_GIB << 10, progress, before, [SOURCES])
        progress(f"writing {file.name}")
        return pack(form, made / form.disk, file)


def pack(form: Format, disk: Path, file: Path) -> Box:
    """Write a box of a disk that was made. Raises ImageError."""
    try:
        box_format.settle(form, disk)
        with replacing.file(file) as fresh:
            # Not compressed: the disk is.
            with tarfile.open(fresh, "w", format=tarfile.GNU_FORMAT) as tar:
                for name, content in box_format.files(form, disk).items():
                    tarball.add(tar, name, content)
                info = tarfile.TarInfo(form.disk)
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
