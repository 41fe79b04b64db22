"""Files and folders that are whole or not there at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_engine.common import replacing


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def interrupted(path: Path) -> None:
    path.write_text("half")
    raise KeyboardInterrupt


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "kept"
    replacing.write(path, b"first", durable=durable)
    path.chmod(0o600)
    replacing.write(path, b"second", durable=durable)
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o7777 == 0o600
    assert names(tmp_path) == ["kept"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing.file(path) as fresh:
        interrupted(fresh)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["kept"]


def test_a_block_that_wrote_nothing_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with pytest.raises(FileNotFoundError), replacing.file(path):
        pass
    assert names(tmp_path) == []


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text("old")
    with replacing.file(path) as fresh:
        fresh.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_folder_is_replaced_whole_over_what_a_killed_writer_left(tmp_path: Path) -> None:
    path = tmp_path / "guest"
    path.mkdir()
    (path / "old").touch()
    (tmp_path / "guest.new").mkdir()
    (tmp_path / "guest.new" / "half").touch()
    with replacing.folder(path, mode=0o700) as fresh:
        (fresh / "new").touch()
        assert names(path) == ["old"]
    assert names(path) == ["new"]
    assert path.stat().st_mode & 0o7777 == 0o700
    with pytest.raises(KeyboardInterrupt), replacing.folder(path) as fresh:
        interrupted(fresh / "half")
    assert names(path) == ["new"]
    assert names(tmp_path) == ["guest"]
