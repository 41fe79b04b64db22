"""Makes boxes: the small guest with what Vagrant needs in it, as many versions as wanted."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lab_engine.common import digest
from lab_engine.errors import ProviderError
from lab_engine.families.files.agent import marks
from lab_engine.families.libvirt.guests import accelerator, small
from lab_engine.families.libvirt.guests.archive import Tree
from lab_engine.families.provider import ABSENT, Mark, Owned, Provider, Say, Sighting
from lab_engine.families.vagrant.resources import BOXES, VagrantBox

SUMS: Final = "SHA256SUMS"
DISK_MIB: Final = 64
_SCP: Final = "/usr/bin/scp"
_TEMPLATE: Final = Path(__file__).with_name("vagrantfile.txt")


class VagrantBoxProvider(Provider[VagrantBox]):
    """Boxes in folders of their own below `/srv/boxes`, each with the sums of its files."""

    resource = VagrantBox
    family = "vagrant"

    def observe(self, wanted: Sequence[VagrantBox], mark: Mark) -> dict[str, Sighting]:
        return {one.name: self._sighting(one, mark) for one in wanted}

    def _sighting(self, wanted: VagrantBox, mark: Mark) -> Sighting:
        folder = Path(wanted.path)
        if not os.path.lexists(folder):
            return ABSENT
        facts = {"path": wanted.path}
        if not marks.bears(wanted.path, mark.text(wanted.key)):
            return Sighting(present=True, facts=facts)
        return Sighting(present=True, ours=True, drift=_drift(wanted, folder), facts=facts)

    def create(self, wanted: VagrantBox, mark: Mark, say: Say) -> None:
        text = mark.text(wanted.key)
        folder = Path(wanted.path)
        if os.path.lexists(folder):
            if not marks.bears(wanted.path, text):
                raise marks.in_the_way(wanted.path, "a folder of boxes")
            marks.remove(wanted.path)
        try:
            marks.make_parents(wanted.path, text, "root")
            staged = marks.staged_path(wanted.path, text)
            marks.remove(str(staged))
            staged.mkdir(mode=0o755)
            marks.set_mark(str(staged), text, wanted.path)
            _fill(wanted, staged)
            # In one step, so that the folder is whole or not there.
            staged.rename(folder)
        except (OSError, subprocess.SubprocessError) as error:
            raise ProviderError(f"the box cannot be made: {error}", resource=wanted.key) from error

    def destroy(self, name: str, mark: Mark) -> None:
        key = f"{VagrantBox.kind()}/{name}"
        with marks.removing(key):
            marks.remove_marked(mark.text(key))

    def owned(self) -> Iterable[Owned]:
        return marks.owned(VagrantBox.kind())


def _drift(wanted: VagrantBox, folder: Path) -> str:
    """How the folder differs from what was made, or from what is wanted now."""
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return f"{folder / SUMS} cannot be read"
    if lines[:1] != [_wish(wanted)]:
        return "it was made with other versions, or for another way to run guests"
    for line in lines[1:]:
        sum_, _, relative = line.partition("  ")
        try:
            same = digest.of_bytes((folder / relative).read_bytes()) == sum_
        except OSError:
            return f"{folder / relative} is missing"
        if not same:
            return f"{folder / relative} has other content"
    return ""


def _wish(wanted: VagrantBox) -> str:
    """A line that changes with what the box is made from."""
    facts = (wanted, small.recipe(), accelerator.find().domain_type, _template())
    return f"# {digest.of(facts)}"


def _template() -> str:
    return _TEMPLATE.read_text(encoding="utf-8")


def _fill(wanted: VagrantBox, folder: Path) -> None:
    listed = []
    guest = small.ensure().read_bytes()
    with tempfile.TemporaryDirectory() as scratch:
        disk = Path(scratch) / "box.img"
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", str(disk), f"{DISK_MIB}M"],
            check=True, timeout=20, capture_output=True,
        )  # fmt: skip
        for version in (*wanted.versions, *wanted.unlisted):
            (folder / version).mkdir()
            # The kernel unpacks one archive after the other (initramfs buffer format).
            (folder / version / "initrd").write_bytes(guest + _extras(wanted.box, version))
        for version in wanted.versions:
            file = folder / version / f"{wanted.name}.box"
            file.write_bytes(_packed(_vagrantfile(wanted, version), disk.read_bytes()))
            listed.append(
                {
                    "version": version,
                    "providers": [
                        {
                            "name": "libvirt",
                            "url": f"file://{wanted.path}/{version}/{wanted.name}.box",
                            "checksum_type": "sha256",
                            "checksum": digest.of_bytes(file.read_bytes()),
                        }
                    ],
                }
            )
    about = {"name": wanted.box, "description": "The small guest", "versions": listed}
    (folder / "catalogue.json").write_text(json.dumps(about, indent=2) + "\n", encoding="ascii")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [f"{digest.of_bytes(one.read_bytes())}  {one.relative_to(folder)}" for one in files]
    text = "\n".join([_wish(wanted), *sums]) + "\n"
    (folder / SUMS).write_text(text, encoding="ascii")


def _extras(box: str, version: str) -> bytes:
    """What is laid over the small guest: its name, and `scp`, which brings scripts in."""
    tree = Tree()
    tree.file("etc/box", f"{box} {version}\n".encode())
    tree.file(_SCP, Path(_SCP).read_bytes(), 0o755)
    listed = subprocess.run(["ldd", _SCP], capture_output=True, text=True, check=True, timeout=10)
    for library in re.findall(r"(/\S+\.so\S*) \(0x", listed.stdout):
        tree.file(library, Path(library).read_bytes(), 0o755)
    return tree.cpio()


def _vagrantfile(wanted: VagrantBox, version: str) -> str:
    return (
        _template()
        .replace("@DRIVER@", accelerator.find().domain_type)
        .replace("@KERNEL@", str(small.KERNEL))
        .replace("@INITRD@", f"{BOXES}/{wanted.name}/{version}/initrd")
        .replace("@ARGUMENTS@", " ".join(small.ARGUMENTS))
    )


def _packed(vagrantfile: str, disk: bytes) -> bytes:
    """A box is a tar archive with these three (vagrant-libvirt, `example_box`)."""
    about = {"provider": "libvirt", "format": "qcow2", "virtual_size": 1}
    files = {
        "metadata.json": json.dumps(about).encode(),
        "Vagrantfile": vagrantfile.encode(),
        "box.img": disk,
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
