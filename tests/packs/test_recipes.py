"""Recipes as data: read, refused, put in order, named by what they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.course import pack
from lab_engine.errors import ContentError, UsageError

RECIPE = """\
name = "{name}"
about = "A pack"
version = "1"
licences = ["MIT"]
needs = [{needs}]
[size]
download = 1
installed = {installed}
minutes = 1
[debian]
packages = ["jq"]
"""


def make(folder: Path, name: str, *needs: str, installed: int = 1, more: str = "") -> Path:
    place = folder / name
    place.mkdir()
    quoted = ", ".join(f'"{need}"' for need in needs)
    text = RECIPE.format(name=name, needs=quoted, installed=installed) + more
    (place / "pack.toml").write_text(text)
    (place / "smoke.sh").write_text("true\n")
    return place


def test_the_kits_own_recipes_are_whole() -> None:
    for name, recipe in pack.recipes().items():
        assert recipe.pack.licences, name
        assert recipe.pack.size.installed > 0, name
        assert not recipe.pack.about.endswith("."), name


def test_needs_come_first_and_the_bigger_before_the_smaller(tmp_path: Path) -> None:
    make(tmp_path, "small", "ground", installed=5)
    make(tmp_path, "big", installed=500)
    make(tmp_path, "ground", installed=1)
    known = pack.recipes(tmp_path)
    order = [recipe.name for recipe in pack.chain(["small", "big"], known)]
    assert order == ["big", "ground", "small"]
    assert pack.chain(["big", "small"], known) == pack.chain(["small", "big", "small"], known)


def test_what_is_no_pack_is_told(tmp_path: Path) -> None:
    make(tmp_path, "one")
    with pytest.raises(UsageError, match="no pack 'two'") as refused:
        pack.chain(["two"], pack.recipes(tmp_path))
    assert "one" in refused.value.hint


def test_packs_that_need_each_other_are_refused(tmp_path: Path) -> None:
    make(tmp_path, "one", "two")
    make(tmp_path, "two", "one")
    with pytest.raises(ContentError, match="one -> two -> one"):
        pack.recipes(tmp_path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[[python]]\nlock = "wheels.lock"\nvenv = "v"\n', "wheels.lock is not there"),
        ('[[go]]\nfolder = "go"\nprograms = []\n', "go/go.mod is not there"),
        ("surprise = 1\n", "surprise"),
    ],
)
def test_a_recipe_with_a_hole_is_refused(tmp_path: Path, more: str, said: str) -> None:
    make(tmp_path, "one", more=more)
    with pytest.raises(ContentError, match=said) as refused:
        pack.recipes(tmp_path)
    assert "packs/one/pack.toml" in str(refused.value)


def test_a_lock_without_hashes_is_refused(tmp_path: Path) -> None:
    place = make(tmp_path, "one", more='[[python]]\nlock = "wheels.lock"\nvenv = "v"\n')
    (place / "wheels.lock").write_text("six==1.17.0\n")
    with pytest.raises(ContentError, match="pins nothing by hash"):
        pack.recipes(tmp_path)


def test_the_digest_is_of_what_the_image_is_made_of(tmp_path: Path) -> None:
    place = make(tmp_path, "one")
    before = pack.recipes(tmp_path)["one"].digest()
    text = (place / "pack.toml").read_text()
    (place / "pack.toml").write_text(text.replace("A pack", "Another sentence"))
    (place / "smoke.sh").write_text("exit 0\n")
    assert pack.recipes(tmp_path)["one"].digest() == before
    (place / "files").mkdir()
    (place / "files" / "hello").write_text("hello\n")
    with_file = pack.recipes(tmp_path)["one"].digest()
    assert with_file != before
    (place / "files" / "hello").chmod(0o755)
    assert pack.recipes(tmp_path)["one"].digest() != with_file
