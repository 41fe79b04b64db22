"""What goes into a Vagrant box, and how the file is laid out; `tests/vagrant` boots one."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from lab_engine.cli import frame
from lab_engine.common.features import FEATURES
from lab_engine.errors import ImageError
from lab_engine.machine import box, image, kit, tree

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


def test_the_file_is_what_vagrant_libvirt_reads(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"QFI\xfb" + bytes(1000))
    made = box._pack(disk, tmp_path / "kit.box")
    with tarfile.open(tmp_path / "kit.box") as tar:
        files = {one.name: tar.extractfile(one) for one in tar}
        assert sorted(files) == ["Vagrantfile", "box.img", "metadata.json"]
        assert files["box.img"] is not None
        assert files["box.img"].read() == disk.read_bytes()
        assert files["metadata.json"] is not None
        told = json.load(files["metadata.json"])
    assert (told["provider"], told["format"]) == ("libvirt", "qcow2")
    assert made.size == (tmp_path / "kit.box").stat().st_size
    # A smaller one is ignored, a larger one has to be grown by hand (vagrant-libvirt).
    vagrantfile = (ROOT / "vagrant" / "Vagrantfile").read_text(encoding="utf-8")
    usual = re.search(r'number\("INFRALAB_VM_DISK", (\d+)', vagrantfile)
    assert usual
    assert told["virtual_size"] == int(usual[1])


def test_the_same_disk_gives_the_same_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"one")
    first = box._pack(disk, tmp_path / "a.box")
    os.utime(disk, (1, 1))
    assert box._pack(disk, tmp_path / "b.box").sha256 == first.sha256
    disk.write_bytes(b"two")
    assert box._pack(disk, tmp_path / "c.box").sha256 != first.sha256


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
