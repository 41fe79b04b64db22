"""The wheel: `pipx install` must give the whole kit, texts and labs included."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel of this tree puts into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "lab_engine", *words],
        cwd="/",
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_carries_texts_labs_and_the_image_recipe(unpacked: Path) -> None:
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    assert {path.name for path in (ROOT / "content").iterdir()} <= {
        path.name for path in (unpacked / "lab_engine" / "_content").iterdir()
    }
    for lab in (ROOT / "labs").glob("*/__init__.py"):
        assert f"labs/{lab.parent.name}/__init__.py" in files
    for needed in ("packages.txt", "agent.lock", "rootfs/usr/lib/infralab/entrypoint"):
        assert f"lab_engine/bench/{needed}" in files
    assert not any(name.startswith(("tests/", "content/", ".ci/")) for name in files)
    entry = next(unpacked.glob("*.dist-info")) / "entry_points.txt"
    assert "infralab = lab_engine.__main__:main" in entry.read_text()


def test_runs_without_the_clone(unpacked: Path) -> None:
    done = run(unpacked, "lessons")
    assert done.returncode == 0, done.stderr
    for lesson in (ROOT / "content").glob("*/lesson.md"):
        slug = lesson.parent.name.partition("-")[2]
        assert slug in done.stdout


def test_makes_the_same_image_as_the_clone(unpacked: Path) -> None:
    """Else a clone and an installed infralab would build two images of the same code."""
    code = "from lab_engine.bench import recipe; print(recipe.layer_hash(recipe.layer()))"
    tags = {
        subprocess.run(
            [sys.executable, "-P", "-c", code],
            cwd="/",
            env=os.environ | {"PYTHONPATH": str(place)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for place in (ROOT, unpacked)
    }
    assert len(tags) == 1
