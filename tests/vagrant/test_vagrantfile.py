"""The kit's own Vagrantfile is read and validated by Vagrant itself, of the pack `vagrant`."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lab_engine.packs import image

FOLDER = Path(__file__).parents[2] / "vagrant"
SECONDS = 180
# Without a network nothing could answer for Vagrant. A provider is asked for its program's version
# only; its settings are checked by Vagrant's own code for it.
_SCRIPT = r"""
mkdir -p /tmp/kit/vagrant /tmp/bin && tar -x -C /tmp/kit/vagrant -f - && cd /tmp/kit/vagrant
printf '#!/bin/sh\necho 7.0.20r163906\n' > /tmp/bin/VBoxManage
chmod 755 /tmp/bin/VBoxManage
export PATH=/tmp/bin:$PATH HOME=/tmp VAGRANT_CHECKPOINT_DISABLE=1
"""

Validate = Callable[..., tuple[int, str]]

# The pack is built when it is not there: two minutes where nothing else runs.
pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def validate() -> Validate:
    """A call of `vagrant validate` in a container: exit code and all that it said.

    `change` is a pair of texts: the first is replaced by the second in the Vagrantfile.
    """
    tag = image.ensure(["vagrant"])

    def run(
        *words: str, change: tuple[str, str] | None = None, **variables: str
    ) -> tuple[int, str]:
        flags = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        done = subprocess.run(
            ["docker", "run", "--rm", "-i", "--network=none", *flags, "--entrypoint=sh", tag,
             "-euc", f"{_SCRIPT} exec vagrant validate {' '.join(words)}"],
            input=_packed(change), capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    return run


def _packed(change: tuple[str, str] | None) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("Vagrantfile", "provision.sh"):
            text = (FOLDER / name).read_text()
            if change is not None and name == "Vagrantfile":
                assert change[0] in text
                text = text.replace(*change)
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("provider", "setting", "wrong"),
    [
        ("libvirt", "libvirt.nested", "libvirt.nestled"),
        ("virtualbox", "virtualbox.cpus", "virtualbox.processors"),
    ],
)
def test_a_providers_settings_are_known_to_it(
    validate: Validate, provider: str, setting: str, wrong: str
) -> None:
    code, said = validate(VAGRANT_DEFAULT_PROVIDER=provider)
    assert (code, "warning" in said) == (0, False), said
    # The same check refuses a setting that there is not, so it was really made.
    code, said = validate(VAGRANT_DEFAULT_PROVIDER=provider, change=(setting, wrong))
    assert code != 0, said
    assert wrong.partition(".")[2] in said


def test_providers_that_are_not_here_do_not_disturb(validate: Validate) -> None:
    code, said = validate("--ignore-provider")
    assert code == 0, said


@pytest.mark.parametrize(
    ("name", "value"),
    [("INFRALAB_VM_CPUS", "two"), ("INFRALAB_VM_MEMORY", "512"), ("INFRALAB_VM_SYNC", "nfs")],
)
def test_a_size_that_cannot_be_is_told(validate: Validate, name: str, value: str) -> None:
    code, said = validate(VAGRANT_DEFAULT_PROVIDER="libvirt", **{name: value})
    assert code != 0, said
    assert name in said
    assert value in said
    code, said = validate(
        VAGRANT_DEFAULT_PROVIDER="libvirt",
        INFRALAB_VM_CPUS="4",
        INFRALAB_VM_MEMORY="8192",
        INFRALAB_VM_SYNC="share",
        INFRALAB_VM_EMULATED="1",
    )
    assert code == 0, said
