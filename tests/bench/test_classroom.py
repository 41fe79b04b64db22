"""A machine without any network is set up from two things: a clone, and what `image save` wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from lab_engine.bench import archive, image, wheels

pytestmark = [pytest.mark.bench, pytest.mark.slow, pytest.mark.alone]

ROOT = Path(__file__).parents[2]
# A user may make a network namespace only together with one of users.
ALONE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-c", "-n"]


@pytest.mark.timeout(900)
def test_a_clone_and_one_file_are_enough(image_tag: str, tmp_path: Path) -> None:
    file = image.save(tmp_path / "classroom.tar")
    with tarfile.open(file) as tar:
        packed = [name for name in tar.getnames() if name.startswith(archive.WHEELS)]
    for version in ("cp311", "cp312", "cp313"):
        assert any(f"-{version}-" in name for name in packed)
    clone = tmp_path / "clone"
    _clone(clone)
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "INFRALAB_YES": "1",
        "PIP_NO_INDEX": "1",
    }

    def alone(*words: str) -> str:
        done = subprocess.run(
            [*ALONE, *words], cwd=clone, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert image_tag in alone("./infralab", "image", "load", str(file))
    assert "namespaces" in alone("./infralab", "lessons")
    assert not (clone / ".venv" / "wheels").exists()


def _clone(folder: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, timeout=60,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    assert (folder / wheels.LOCK.name).is_file()
