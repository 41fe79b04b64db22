"""What goes into a Vagrant box, and how the file is laid out; `tests/vagrant` boots one."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab_engine.cli import frame
from lab_engine.common.features import FEATURES
from lab_engine.errors import ImageError
from lab_engine.machine import box, image, kit, tree
from lab_engine.machine.box_format import FORMATS, Format, settle

ROOT = Path(__file__).parents[2]
PROVISION = (ROOT / "vagrant" / "provision.sh").read_text(encoding="utf-8")


def words_of(name: str) -> set[str]:
    """The words of a list in provision.sh: `name='…'`."""
    found = re.search(rf"^{name}='([^']*)'", PROVISION, re.MULTILINE)
    assert found, name
    return set(found[1].split())


def test_a_box_has_what_its_provisioning_would_fetch() -> None:
    # Debian 13 asks for one more, and a system with AppArmor for another.
    wanted = words_of("wanted") | {"docker-cli", "apparmor"}
    assert wanted <= set(box.packages())


def test_machine_and_box_load_the_same_modules() -> None:
    assert words_of("modules") == set(image.inputs()["modules.txt"].decode().split())


def test_each_script_of_a_box_can_be_read_by_a_shell() -> None:
    files = box.inputs()
    for name in ("customize.sh", "shared.sh"):
        done = subprocess.run(["sh", "-n"], input=files[name], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    assert {"masked.txt", "box/grub.cfg", "box/vagrant.pub", "box/rootfs/etc/fstab"} <= set(files)
    # What it works with is what it is given.
    for name in re.findall(r"\$inputs/(box/[\w./-]*\w|\w+\.txt)", files["customize.sh"].decode()):
        assert [one for one in files if one == name or one.startswith(f"{name}/")], name


def test_packages_come_from_debian_itself_in_what_is_handed_on() -> None:
    files = box.inputs()
    assert not [name for name in files if "/etc/apt/" in name]
    script = files["customize.sh"].decode()
    assert f"rm -f /etc/apt/sources.list\ncp {box.SOURCES} /etc/apt/sources.list.d/\n" in script


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
def test_the_keys_are_vagrants_well_known_ones(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(box.inputs()["box/vagrant.pub"])
    words = ["ssh-keygen", "-l", "-E", "md5", "-f", str(tmp_path / "keys")]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    # By the fingerprint that Vagrant's own documents give for the older of the two.
    assert "dd:3b:b8:2e:85:04:06:e9:ab:ff:a8:0a:c0:04:6e:d6" in said
    assert [line.split()[-1] for line in said.splitlines()] == ["(RSA)", "(ED25519)"]


LIBVIRT, VIRTUALBOX = FORMATS["libvirt"], FORMATS["virtualbox"]


def disk_of(form: Format, folder: Path, content: bytes = b"a system") -> Path:
    """A small disk in a provider's format, by the command that a build uses."""
    raw = folder / "raw"
    raw.write_bytes(content.ljust(1 << 20, b"\0"))
    made = folder / form.disk
    words = ["qemu-img", "convert", "-f", "raw", *form.convert.split(), str(raw), str(made)]
    subprocess.run(words, check=True, capture_output=True)
    return made


def opened(path: Path) -> dict[str, bytes]:
    """The files of a box, in its order."""
    with tarfile.open(path) as tar:
        found = {one.name: tar.extractfile(one) for one in tar}
        return {name: file.read() for name, file in found.items() if file}


needs_qemu_img = pytest.mark.skipif(not shutil.which("qemu-img"), reason="needs qemu-img")


@needs_qemu_img
def test_the_file_is_what_vagrant_libvirt_reads(tmp_path: Path) -> None:
    disk = disk_of(LIBVIRT, tmp_path)
    made = box.pack(LIBVIRT, disk, tmp_path / "kit.box")
    files = opened(tmp_path / "kit.box")
    assert list(files) == ["metadata.json", "Vagrantfile", "box.img"]
    assert files["box.img"] == disk.read_bytes()
    told = json.loads(files["metadata.json"])
    assert (told["provider"], told["format"]) == ("libvirt", "qcow2")
    assert made.size == (tmp_path / "kit.box").stat().st_size
    # A smaller one is ignored, a larger one has to be grown by hand (vagrant-libvirt).
    vagrantfile = (ROOT / "vagrant" / "Vagrantfile").read_text(encoding="utf-8")
    usual = re.search(r'number\("INFRALAB_VM_DISK", (\d+)', vagrantfile)
    assert usual
    assert told["virtual_size"] == int(usual[1])


OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"
RASD = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData}"


@needs_qemu_img
def test_the_file_is_what_virtualbox_imports(tmp_path: Path) -> None:
    disk = disk_of(VIRTUALBOX, tmp_path)
    box.pack(VIRTUALBOX, disk, tmp_path / "kit.box")
    files = opened(tmp_path / "kit.box")
    assert list(files) == [
        "metadata.json", "Vagrantfile", "box.ovf", "box.mf", "box-disk001.vmdk",
    ]  # fmt: skip
    assert json.loads(files["metadata.json"])["provider"] == "virtualbox"
    root = ElementTree.fromstring(files["box.ovf"].decode())
    (file,) = root.iter(f"{OVF}File")
    (whole,) = root.iter(f"{OVF}Disk")
    assert file.get(f"{OVF}href") == "box-disk001.vmdk"
    assert file.get(f"{OVF}size") == str(len(files["box-disk001.vmdk"]))
    assert whole.get(f"{OVF}fileRef") == file.get(f"{OVF}id")
    assert whole.get(f"{OVF}capacity") == str(40 << 30)
    items = [
        {part.tag.removeprefix(RASD): part.text or "" for part in item}
        for item in root.iter(f"{OVF}Item")
    ]
    by_type = {item["ResourceType"]: item for item in items}
    # Each number once, and each part where it hangs.
    assert len({item["InstanceID"] for item in items}) == len(by_type) == len(items)
    assert by_type["17"]["HostResource"] == f"/disk/{whole.get(f'{OVF}diskId')}"
    assert by_type["17"]["Parent"] == by_type["20"]["InstanceID"]
    (network,) = root.iter(f"{OVF}Network")
    assert by_type["10"]["Connection"] == network.get(f"{OVF}name") == "NAT"
    # What Debian's cloud kernel has drivers for: the disk's is in the initramfs.
    assert by_type["20"]["ResourceSubType"] == "AHCI"
    assert by_type["10"]["ResourceSubType"] == "virtio-net"
    modules = box.inputs()["box/rootfs/etc/initramfs-tools/modules"].decode().split()
    assert {"ahci", "sd_mod"} <= set(modules)
    assert re.search(rb'base_mac = "080027[0-9A-F]{6}"', files["Vagrantfile"])


@needs_qemu_img
def test_the_hashes_in_a_box_for_virtualbox_are_those_of_its_files(tmp_path: Path) -> None:
    box.pack(VIRTUALBOX, disk_of(VIRTUALBOX, tmp_path), tmp_path / "kit.box")
    files = opened(tmp_path / "kit.box")
    told = dict(
        re.findall(r"^SHA256 \((\S+)\)= ([0-9a-f]{64})$", files["box.mf"].decode(), re.MULTILINE)
    )
    assert told == {
        name: hashlib.sha256(files[name]).hexdigest() for name in ("box.ovf", "box-disk001.vmdk")
    }


@needs_qemu_img
def test_a_disk_for_virtualbox_is_whole_and_for_streams(tmp_path: Path) -> None:
    disk = disk_of(VIRTUALBOX, tmp_path, b"what was written")
    box.pack(VIRTUALBOX, disk, tmp_path / "kit.box")
    subprocess.run(["qemu-img", "check", "-f", "vmdk", str(disk)], check=True, capture_output=True)
    words = ["qemu-img", "info", "--output=json", str(disk)]
    said = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    assert said["format-specific"]["data"]["create-type"] == "streamOptimized"
    back = tmp_path / "back"
    subprocess.run(["qemu-img", "convert", "-O", "raw", str(disk), str(back)], check=True)
    assert back.read_bytes().startswith(b"what was written\0")


def test_a_disk_that_qemu_img_did_not_write_so_is_refused(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"KDMV" + bytes(1000))
    with pytest.raises(ImageError, match="has no id"):
        box.pack(VIRTUALBOX, tmp_path / "disk", tmp_path / "kit.box")
    assert not (tmp_path / "kit.box").exists()


@needs_qemu_img
@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.provider)
def test_the_same_disk_gives_the_same_file(tmp_path: Path, form: Format) -> None:
    hashes = []
    for number, content in enumerate((b"one", b"one", b"two")):
        disk = disk_of(form, tmp_path, content)
        os.utime(disk, (number, number))
        hashes.append(box.pack(form, disk, tmp_path / f"{number}.box").sha256)
    assert hashes[0] == hashes[1] != hashes[2]


@needs_qemu_img
def test_an_id_that_was_drawn_short_makes_no_difference(tmp_path: Path) -> None:
    form = FORMATS["virtualbox"]
    disk = disk_of(form, tmp_path)
    settle(form, disk)
    settled = disk.read_bytes()
    # As qemu-img leaves it one time in 256, with the end of the longer text behind the shorter one.
    short = settled.replace(b"CID=1f7a1ab0", b"CID=1f7a1a", 1)
    end = short.index(b"\0", 512)
    disk.write_bytes(short[:end] + b"\0\n" + short[end:])
    assert len(disk.read_bytes()) == len(settled)
    settle(form, disk)
    assert disk.read_bytes() == settled


def test_what_is_a_providers_own_is_not_on_the_disk() -> None:
    assert not [name for name in box.inputs() if "Vagrantfile" in name or name.endswith(".ovf")]


def test_a_kit_is_a_clone_for_learners(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(kit.packed())) as tar:
        members = {one.name: one for one in tar}
    assert members["infralab"].mode & 0o111
    assert members["vagrant/provision.sh"].mode & 0o111
    assert {"content", "lab_engine", "labs", "packs"} <= {name.split("/")[0] for name in members}
    assert not [name for name in members if "__pycache__" in name or name.startswith("tests")]
    # What somebody keeps in that folder, a box for one, is not taken along.
    assert not [name for name in members if name.endswith((".box", ".tar"))]


def test_a_kit_is_not_made_of_less_than_a_clone(tmp_path: Path) -> None:
    for name in kit.PARTS[1:]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with pytest.raises(ImageError, match=re.escape(kit.PARTS[0])):
        kit.packed(tmp_path)
    (tmp_path / kit.PARTS[0]).symlink_to("/etc/passwd")
    with tarfile.open(fileobj=io.BytesIO(kit.packed(tmp_path))) as tar:
        assert kit.PARTS[0] not in tar.getnames(), "nothing is read through a link"


@pytest.mark.parametrize("place", ["", "nowhere/kit.box"])
def test_a_file_that_cannot_be_is_told_before_anything_is_built(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    monkeypatch.setattr(tree, "able", lambda what: None)
    assert frame.main(["machine", "box", str(tmp_path / place)]) == 3
    said = capsys.readouterr().err
    assert "folder" in said


def test_what_is_missing_for_a_build_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match="of which a box is made") as caught:
        box.make(tmp_path / "kit.box", lambda _: None)
    assert "apt-get install mmdebstrap" in (caught.value.hint or "")


def test_what_a_step_may_ask_of_a_kernel_is_what_the_machine_loads() -> None:
    assert set(FEATURES) == set(image.inputs()["modules.txt"].decode().split())
