"""A box of ours for VirtualBox: Vagrant takes it in, and its disk boots where VirtualBox would.

VirtualBox itself is a module of the kernel that Debian does not have, and cannot be run here. What
can be: Vagrant's own code for it, and the disk in QEMU behind the controller and the card that
the box asks VirtualBox for. On demand (`./infralab test --v2 tests/vagrant`); a box that is there
already is taken with `INFRALAB_TEST_VIRTUALBOX_BOX=FILE`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.machine.box_format import FORMATS
from lab_engine.packs import image

LIMIT = 5400
BOOT = 1800
"""Seconds until ssh answers; emulated on two busy processors."""
KEY = "cat $(find /usr/lib /usr/share -path '*vagrant*/keys/vagrant.key.ed25519')"
"""The one that everybody knows, as Vagrant itself brings it along."""
FOLDER = Path(__file__).parents[2] / "vagrant"
pytestmark = [
    pytest.mark.v2,
    pytest.mark.slow,
    pytest.mark.timeout(LIMIT),
    pytest.mark.skipif(
        not all(map(shutil.which, ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "ssh"))),
        reason="needs QEMU, mmdebstrap and ssh",
    ),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # A disk is more than a /tmp in memory should have.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def box(folder: Path) -> Path:
    given = os.environ.get("INFRALAB_TEST_VIRTUALBOX_BOX")
    if given:
        return Path(given)
    file = folder / "infralab.box"
    words = ["machine", "box", str(file), "--provider", "virtualbox", "--no-image"]
    subprocess.run([sys.executable, "-P", "-m", "lab_engine", *words], check=True, timeout=3600)
    return file


@pytest.fixture(scope="module")
def disk(box: Path, folder: Path) -> Path:
    name = FORMATS["virtualbox"].disk
    with tarfile.open(box) as tar:
        tar.extract(name, folder, filter="data")
    return folder / name


@pytest.fixture(scope="module")
def tag() -> str:
    return image.ensure(["vagrant"])


def test_its_disk_is_whole(disk: Path) -> None:
    subprocess.run(["qemu-img", "check", "-f", "vmdk", str(disk)], check=True, timeout=600)


def test_vagrant_takes_it_in_and_finds_its_settings_valid(box: Path, tag: str) -> None:
    script = f"""
        mkdir /tmp/bin /tmp/kit && cp /kit/Vagrantfile /kit/provision.sh /tmp/kit/
        printf '#!/bin/sh\\necho 7.0.20r163906\\n' > /tmp/bin/VBoxManage && chmod 755 /tmp/bin/*
        export PATH=/tmp/bin:$PATH HOME=/tmp VAGRANT_CHECKPOINT_DISABLE=1
        export VAGRANT_DEFAULT_PROVIDER=virtualbox INFRALAB_VM_BOX=infralab
        cd /tmp/kit && vagrant box add --name infralab /box/{box.name} && vagrant box list
        vagrant validate
        box=$(find /tmp/.vagrant.d -name box.ovf) && cd "${{box%/*}}" && ls
        # A word that this provider does not have would be found.
        sed -i 's/functional_vboxsf/functional_nonsense/' Vagrantfile
        cd /tmp/kit && if vagrant validate; then exit 9; fi
    """
    words = [
        "docker", "run", "--rm", "--network=none", f"--volume={box.parent}:/box:ro",
        f"--volume={FOLDER}:/kit:ro", "--entrypoint=bash", tag, "-euxc", script,
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "infralab (virtualbox, 0" in said
    assert "Vagrantfile validated successfully." in said
    assert "settings shouldn't exist: functional_nonsense" in said


def test_it_boots_behind_virtualboxs_controller_and_card(
    disk: Path, folder: Path, tag: str
) -> None:
    key = folder / "key"
    words = ["docker", "run", "--rm", "--entrypoint=sh", tag, "-c", KEY]
    key.write_bytes(subprocess.run(words, capture_output=True, check=True, timeout=120).stdout)
    key.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    console = folder / "console"
    qemu = subprocess.Popen(
        ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-accel", "tcg,thread=multi",
         "-cpu", "max", "-smp", "2", "-m", "2048", "-snapshot",
         "-drive", f"if=none,id=disk,format=vmdk,file={disk}",
         "-device", "ahci,id=sata", "-device", "ide-hd,bus=sata.0,drive=disk",
         "-netdev", f"user,id=nat,hostfwd=tcp:127.0.0.1:{port}-:22,restrict=on",
         "-device", "virtio-net-pci,netdev=nat,mac=08:00:27:1F:7A:B0",
         "-device", "VGA", "-serial", f"file:{console}"],
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    ssh = [
        "ssh", "-i", str(key), "-p", str(port), "-F", "none", "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "ConnectTimeout=60", "-o", "IdentitiesOnly=yes", "vagrant@127.0.0.1",
    ]  # fmt: skip
    asked = "cat /proc/mounts; ls -l /sys/block/sda/device/driver /sys/class/net/eth0/device/driver"
    end = time.monotonic() + BOOT
    try:
        while True:
            assert qemu.poll() is None, console.read_text(errors="replace")[-4000:]
            done = subprocess.run(
                [*ssh, f"{asked}; sudo docker version; /opt/infralab/infralab lessons | tail -n 3"],
                capture_output=True, text=True, timeout=900, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                break
            last = console.read_text(errors="replace")[-4000:] if console.exists() else ""
            assert time.monotonic() < end, f"{done.stderr}\n{last}"
            time.sleep(5)
    finally:
        qemu.kill()
        qemu.wait(timeout=60)
    assert "/dev/sda1 / ext4" in done.stdout
    assert "drivers/sd" in done.stdout
    assert "drivers/virtio_net" in done.stdout
    assert "Server:" in done.stdout
    assert "Begin with `infralab learn LESSON`." in done.stdout
