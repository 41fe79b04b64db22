"""What verbs print, and their exit codes: done, nothing there, no engine, a wrong name."""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab_engine.bench import engine, image, inventory
from lab_engine.cli import frame
from lab_engine.session.record import Record

NO_ENGINE = "unix:///nowhere/docker.sock"
LOST = "an-older-lesson"
Said = Callable[..., str]


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folders of a user who has done nothing yet."""
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"INFRALAB_{name}_DIR", str(tmp_path / name.lower()))
    # Not the launcher's folder, which `uninstall` removes.
    monkeypatch.setattr(sys, "prefix", "/elsewhere")
    return tmp_path


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)


@pytest.fixture
def said(folders: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a verb that ends with `code`, and gives what it printed on both."""

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        ended = frame.main(list(words))
        found = capsys.readouterr()
        assert ended == code, found
        assert "fault in infralab" not in found.err
        return found.out + found.err

    return run


@pytest.fixture
def record(folders: Path) -> Iterator[Record]:
    """With a session whose lesson the course has no more, and whose bench is gone."""
    (folders / "data").mkdir()
    made = Record(folders / "data" / "progress.sqlite")
    made.begin("abcdef01", LOST, "7")
    yield made
    made.close()


@pytest.mark.parametrize("verb", ["down", "replay", "check"])
def test_without_a_session(said: Said, verb: str) -> None:
    found = said(verb, code=2)
    assert "no session is open in any lesson" in found
    assert "infralab up LESSON" in found


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("words", [("down", "--session", "zz"), ("replay", "zz")])
def test_a_session_that_is_not_there_is_named_with_those_that_are(
    said: Said, words: tuple[str, ...]
) -> None:
    found = said(*words, code=2)
    assert "0 open sessions begin with 'zz'" in found
    assert "Open sessions: abcdef01." in found


@pytest.mark.usefixtures("no_engine")
def test_down_without_an_engine_ends_nothing(said: Said, record: Record) -> None:
    assert "/nowhere/docker.sock" in said("down", code=3)
    assert [row.id for row in record.open_sessions()] == ["abcdef01"]


@pytest.mark.bench
def test_down_of_a_session_whose_bench_is_gone(said: Said, record: Record) -> None:
    assert f"session abcdef01 ({LOST}) is down" in said("down")
    assert record.open_sessions() == []
    assert said("down", "--all") == ""


@pytest.mark.usefixtures("record", "no_engine")
def test_the_course_names_a_session_whose_lesson_is_gone(said: Said) -> None:
    found = said("lessons")
    assert f"Your session abcdef01 is in the lesson {LOST}, which the course has no more." in found
    assert "`infralab down --session abcdef01` ends it." in found
    found = said("check", code=2)
    assert f"session abcdef01 is in the lesson {LOST}, which the course has no more" in found
    assert "What you made is still there: `infralab shell --session abcdef01`." in found
    assert "The lessons that it has: " in found
    assert LOST in said("lessons", LOST, code=2)


@pytest.mark.usefixtures("record", "no_engine")
def test_a_replay_says_what_it_has_not(said: Said) -> None:
    found = said("replay", code=1)
    assert found.startswith("session abcdef01: not replayable")
    assert LOST in found


@pytest.mark.bench
def test_a_replay_of_what_was_never_typed(said: Said, record: Record) -> None:
    record.begin("abcdef02", "namespaces", "7")
    found = said("replay", "abcdef02", code=1)
    assert found.startswith("session abcdef02: not replayable")


@pytest.mark.usefixtures("record", "no_engine")
def test_uninstall_without_an_engine_removes_nothing(said: Said, folders: Path) -> None:
    found = said("uninstall", "--yes", code=3)
    assert "/nowhere/docker.sock" in found
    assert "`infralab uninstall --without-docker` removes the folders only" in found
    assert (folders / "data" / "progress.sqlite").exists()
    found = said("uninstall", "--without-docker", "--dry-run")
    assert f"folder     {folders / 'data'}" in found
    assert "Removed." in said("uninstall", "--without-docker", "--yes")
    assert not (folders / "data").exists()
    assert "There is nothing of infralab here." in said("uninstall", "--without-docker")


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("part", ["save", "load", "list", "remove"])
def test_images_without_an_engine(said: Said, folders: Path, part: str) -> None:
    file = folders / "bench.tar"
    with tarfile.open(file, "w") as tar:
        manifest = json.dumps(
            [{"RepoTags": [image.bench_tag(), image.base_tag()], "Layers": [], "Config": "c"}]
        ).encode()
        about = tarfile.TarInfo("manifest.json")
        about.size = len(manifest)
        tar.addfile(about, io.BytesIO(manifest))
    words = [str(file)] if part in ("save", "load") else []
    before = file.read_bytes()
    assert "/nowhere/docker.sock" in said("image", part, *words, code=3)
    assert file.read_bytes() == before


@pytest.mark.usefixtures("no_engine")
def test_files_of_images_that_cannot_be(said: Said, folders: Path) -> None:
    assert "there is no file" in said("image", "load", str(folders / "none.tar"), code=3)
    (folders / "text").write_text("no archive")
    assert str(folders / "text") in said("image", "load", str(folders / "text"), code=3)
    found = said("image", "save", str(folders / "none" / "bench.tar"), code=3)
    assert f"there is no folder {folders / 'none'}" in found
    assert f"mkdir -p {folders / 'none'}" in found


@pytest.mark.bench
def test_images_are_listed_and_removed(
    said: Said, image_tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = f"infralab/bench:test-{os.getpid()}"
    engine.connect().api.tag(image_tag, *mine.split(":"))
    try:
        lines = said("image", "list").splitlines()
        assert [line for line in lines if image_tag in line and line.endswith("this version's")]
        assert [line for line in lines if mine in line and not line.endswith("this version's")]
        every = inventory.images
        # The others are in use, by other tests and other people.
        monkeypatch.setattr(
            inventory, "images", lambda packed: [one for one in every(packed) if one.tag == mine]
        )
        # Nobody is here to be asked.
        assert mine in said("image", "remove", "--old", code=2)
        assert mine in said("image", "list")
        assert said("image", "remove", "--old", "--yes") == f"  {mine}\n"
        assert "There is nothing to remove." in said("image", "remove", "--old")
        assert "There is none. `infralab image build` makes it." in said("image", "list")
    finally:
        monkeypatch.undo()
        inventory.remove(inventory.image_holdings([mine]))
