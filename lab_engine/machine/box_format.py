"""What is in a box beside its disk, for each provider of Vagrant that we make boxes for.

A box for libvirt is a qcow2 with a few words about it (vagrant-libvirt's README, "Box format"). One
for VirtualBox is what `VBoxManage import` takes: a description of the machine (OVF 1.0, DSP0243), a
manifest with hashes, and a disk in VMware's format for streams.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from lab_engine.common import digest
from lab_engine.errors import ImageError

HERE: Final = Path(__file__).parent / "box_recipe"
DISK_GIB: Final = 40
"""As the guest sees it; the file holds what was written."""
_DESCRIPTOR: Final = slice(512, 21 * 512)
"""Where a disk for VirtualBox has its description: a text, filled up with zeros."""
_CHANCE: Final = re.compile(rb"^CID=[0-9a-f]{1,8}$", re.MULTILINE)
_NO_CHANCE: Final = b"CID=1f7a1ab0"


@dataclass(frozen=True, slots=True)
class Format:
    """A provider's box.

    Args:
        provider: Vagrant's word for it; a folder of the recipe has its Vagrantfile.
        disk: the disk's name in the box.
        convert: options of `qemu-img convert` that make it.
    """

    provider: str
    disk: str
    convert: str


FORMATS: Final = {
    one.provider: one
    for one in (
        Format("libvirt", "box.img", "-O qcow2 -c -o compression_type=zstd"),
        Format("virtualbox", "box-disk001.vmdk", "-O vmdk -o subformat=streamOptimized"),
    )
}


def settle(form: Format, disk: Path) -> None:
    """Take out of a disk what is drawn by chance, so that the same system gives the same bytes.

    Raises:
        ImageError: the disk is not what qemu-img is known to write.
    """
    if form.provider != "virtualbox":
        return
    with disk.open("r+b") as file:
        file.seek(_DESCRIPTOR.start)
        old = file.read(_DESCRIPTOR.stop - _DESCRIPTOR.start)
        # Up to the first zero: qemu-img writes a shorter id over a longer one, and then the last
        # letters of the longer text stay behind it.
        text, count = _CHANCE.subn(_NO_CHANCE, old.partition(b"\0")[0])
        if count != 1:
            raise ImageError(
                f"{disk.name} has no id where this version of qemu-img is known to write one",
                hint="Please report it, with what `qemu-img --version` says.",
            )
        file.seek(_DESCRIPTOR.start)
        file.write(text.ljust(len(old), b"\0"))


def files(form: Format, disk: Path) -> Mapping[str, bytes]:
    """The box's small files, in the order in which they stand in it, without the disk."""
    about: dict[str, object] = {"provider": form.provider, "architecture": "amd64"}
    vagrantfile = (HERE / form.provider / "Vagrantfile").read_bytes()
    if form.provider == "libvirt":
        # In GB of 2^30 bytes.
        about |= {"format": "qcow2", "virtual_size": DISK_GIB}
        return {"metadata.json": _json(about), "Vagrantfile": vagrantfile}
    description = (HERE / form.provider / "box.ovf").read_text(encoding="ascii")
    filled = Template(description).substitute(
        disk=form.disk, size=disk.stat().st_size, capacity=DISK_GIB << 30
    )
    with disk.open("rb") as whole:
        hashes = {"box.ovf": digest.of_bytes(filled.encode()), form.disk: digest.of_file(whole)}
    manifest = "".join(f"SHA256 ({name})= {value}\n" for name, value in hashes.items())
    return {
        "metadata.json": _json(about),
        "Vagrantfile": vagrantfile,
        "box.ovf": filled.encode("ascii"),
        "box.mf": manifest.encode("ascii"),
    }


def _json(value: Mapping[str, object]) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode("ascii")
