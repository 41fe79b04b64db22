"""What the layers of a container show at a path, from folders that stand for layers."""

from __future__ import annotations

import doctest
from pathlib import Path

from lab_engine.kernel import overlay
from lab_engine.kernel.overlay import look


def test_a_link_below_a_folder_is_not_followed(tmp_path: Path) -> None:
    """The folder is what is seen there, also where a name comes twice in the path."""
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    (upper / "a").mkdir(parents=True)
    (lower / "x").mkdir(parents=True)
    (lower / "x" / "a").write_text("hidden")
    (lower / "a").symlink_to("x")
    assert not look([str(upper), str(lower)], "/a/a").exists


def test_a_link_above_a_folder_is_followed(tmp_path: Path) -> None:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    (lower / "a").mkdir(parents=True)
    (lower / "a" / "a").write_text("hidden")
    (lower / "x").mkdir()
    (lower / "x" / "a").write_text("seen")
    upper.mkdir()
    (upper / "a").symlink_to("x")
    assert look([str(upper), str(lower)], "/a/a").content == "seen"


def test_the_options_of_a_mount() -> None:
    assert doctest.testmod(overlay).attempted > 0
    assert doctest.testmod(overlay).failed == 0
