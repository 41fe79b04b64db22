"""The image: its recipe and names, what an interrupted build leaves, saving and loading."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from lab_engine.bench import archive, base, build, engine, image, recipe, scratch, tarball
from lab_engine.errors import ImageError


def test_packages_are_a_clean_list() -> None:
    names = recipe.packages()
    assert len(names) == len(set(names)) > 50
    assert all(name.replace("-", "").replace(".", "").isalnum() for name in names)


def test_every_python_package_is_locked_with_hashes() -> None:
    wheels, source = recipe.split_lock()
    assert source.startswith("libvirt-python==")
    for name in ("msgspec", "pyroute2", "docker"):
        assert f"\n{name}==" in f"\n{wheels}"
    for block in (wheels + source).split("\n"):
        if block[:1].isalpha():
            assert "==" in block
            assert block.endswith("\\")


def test_the_hash_changes_with_every_file() -> None:
    entries = recipe.layer()
    before = recipe.layer_hash(entries)
    assert before == recipe.layer_hash(list(reversed(entries)))
    one = entries[0]
    changed = recipe.Entry(one.path, one.data + b"x", one.mode, one.owner)
    assert recipe.layer_hash([changed, *entries[1:]]) != before
    closed = recipe.Entry(one.path, one.data, 0o600, one.owner)
    assert recipe.layer_hash([closed, *entries[1:]]) != before


def test_the_layer_holds_the_agent_but_neither_tui_nor_tests() -> None:
    paths = {entry.path for entry in recipe.layer()}
    assert "/opt/infralab/lib/lab_engine/errors.py" in paths
    assert "/usr/lib/infralab/entrypoint" in paths
    assert "/home/learner/.bashrc" in paths
    assert not [path for path in paths if "/tui/" in path or "/tests/" in path]


def test_the_layer_is_the_same_bytes_each_time() -> None:
    entries = recipe.layer()
    data = recipe.layer_tar(entries)
    assert data == recipe.layer_tar(list(reversed(entries)))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        modes = {member.name: member.mode for member in tar}
    assert modes["usr/lib/infralab/entrypoint"] == 0o755
    assert modes["usr/lib/infralab/bin/start-docker"] == 0o755
    assert modes["etc/sudoers.d/learner"] == 0o440
    # The learner may pass to the Python packages beside it, and neither list nor read the agent.
    assert modes["opt/infralab"] == 0o711
    assert modes["opt/infralab/lib"] == 0o700
    assert modes["usr/lib/infralab/console.py"] == 0o644


@pytest.mark.parametrize(
    ("name", "text", "mirror"),
    [
        ("sources.list", "deb http://m.example/debian trixie main contrib\n", "m.example"),
        (
            "sources.list",
            "# deb http://no.example/debian trixie main\n"
            "deb-src http://no.example/debian trixie main\n"
            "deb [arch=amd64 signed-by=/k.gpg] http://m.example/debian/ trixie main\n",
            "m.example",
        ),
        ("sources.list", "deb http://no.example/debian-security trixie-security main\n", ""),
        ("sources.list", "deb http://no.example/ubuntu noble main universe\n", ""),
        (
            "sources.list.d/debian.sources",
            "# one\nTypes: deb\nURIs: http://no.example/debian\nSuites: trixie-security\n"
            "Components: main\n\nTypes: deb deb-src\nURIs: http://m.example/debian\n"
            "Suites: trixie trixie-updates\nComponents: main non-free\n",
            "m.example",
        ),
        (
            "sources.list.d/debian.sources",
            "Types: deb\nEnabled: no\nURIs: http://no.example/debian\nSuites: trixie\n"
            "Components: main\n",
            "",
        ),
    ],
)
def test_the_mirror_of_the_host(tmp_path: Path, name: str, text: str, mirror: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    assert recipe.host_mirror(tmp_path) == (f"http://{mirror}/debian" if mirror else "")


def test_no_sources_no_mirror(tmp_path: Path) -> None:
    assert recipe.host_mirror(tmp_path) == ""


def test_progress_of_a_build_names_stages_and_counts() -> None:
    said: list[str] = []
    follower = build.Follower(said.append)
    follower.line("I: installing remaining packages inside the chroot...")
    follower.line("0 upgraded, 3 newly installed, 0 to remove and 0 not upgraded.")
    time.sleep(1.1)
    follower.line("Get:1 http://m.example/debian trixie/main amd64 acl amd64 2.3 [68 kB]")
    follower.line("infralab: accounts")
    assert said == ["installing packages", "installing packages: fetched 1 of 3", "accounts"]


def test_a_small_image_is_a_valid_archive(tmp_path: Path) -> None:
    data = tarball.docker_image("x:latest", [b"layer"], {"Cmd": ["sh"]})
    assert data == tarball.docker_image("x:latest", [b"layer"], {"Cmd": ["sh"]})
    file = tmp_path / "x.tar"
    file.write_bytes(data)
    assert archive.image_tags(file) == ["x:latest"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file"),
        (b"", "is no image archive"),
        (b"nonsense" * 500, "is no image archive"),
        (archive.tar_of({"a": b"b"}), "no manifest.json"),
        (tarball.docker_image("other:latest", [], {}), "not an image of infralab"),
        (tarball.docker_image("infralab/bench:0", [], {}), "this version of infralab wants"),
        (tarball.docker_image("infralab/bench:0", [b"x" * 9000], {})[:6000], "(damaged|manifest)"),
    ],
)
def test_loading_something_else_says_what_is_wrong(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "image.tar"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ImageError, match=message) as caught:
        image.load(file)
    assert caught.value.hint


def test_loading_a_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="it is a folder"):
        image.load(tmp_path)


def test_what_is_no_tar_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "image.tar"
    file.write_text("nonsense")
    with pytest.raises(ImageError, match="it is no tar file") as caught:
        image.load(file)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "message"), [(".", "is a folder"), ("none/bench.tar", "there is no folder")]
)
def test_where_nothing_can_be_saved(tmp_path: Path, name: str, message: str) -> None:
    """Told at once: nothing is built first, and nothing is left."""
    with pytest.raises(ImageError, match=message) as caught:
        image.save(tmp_path / name, pytest.fail)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_loading_a_damaged_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "image.tar"
    file.write_bytes(tarball.docker_image(image.bench_tag(), [b"x"], {}))
    (tmp_path / "image.tar.sha256").write_text(f"{'0' * 64}  image.tar\n")
    with pytest.raises(ImageError, match="SHA-256"):
        image.load(file)


def _sealed(path: Path, wheel: Path) -> None:
    config = b'{"os":"linux"}'
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": [image.bench_tag()]}]).encode()
    path.write_bytes(archive.tar_of({name: config, "manifest.json": manifest}))
    archive.complete(path, [wheel])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (b'{"os":"linux"}', b'{"os":"linuX"}', "should be"),
        (b"infralab/bench:", b"infralab/bencH:", "SHA-256 of manifest.json"),
        (b"a wheel's bytes", b"a whell's bytes", "SHA-256 of infralab-wheels/a-1.whl"),
    ],
)
def test_an_archive_that_came_alone_tells_of_its_damage(
    tmp_path: Path, old: bytes, new: bytes, found: str
) -> None:
    wheel = tmp_path / "a-1.whl"
    wheel.write_bytes(b"a wheel's bytes")
    file = tmp_path / "classroom.tar"
    _sealed(file, wheel)
    assert archive.image_tags(file) == [image.bench_tag()]
    assert archive.damage(file) == ""
    whole = file.read_bytes()
    assert whole.count(old) == 1
    file.write_bytes(whole.replace(old, new))
    assert found in archive.damage(file)


def test_a_sum_beside_the_file_does_not_speak_for_its_manifest(tmp_path: Path) -> None:
    """Whoever changes the file can write the sum anew."""
    wheel = tmp_path / "a-1.whl"
    wheel.write_bytes(b"a wheel's bytes")
    file = tmp_path / "classroom.tar"
    _sealed(file, wheel)
    file.write_bytes(file.read_bytes().replace(b'"os":"linux"', b'"os":"linuX"'))
    sum_of_it = hashlib.sha256(file.read_bytes()).hexdigest()
    (tmp_path / "classroom.tar.sha256").write_text(f"{sum_of_it}  classroom.tar\n")
    with pytest.raises(ImageError, match="is damaged: the SHA-256 of"):
        image.load(file)


def test_an_archive_without_a_note_has_no_damage_to_tell(tmp_path: Path) -> None:
    file = tmp_path / "old.tar"
    file.write_bytes(archive.tar_of({"manifest.json": b"[]"}))
    assert archive.damage(file) == ""


def test_a_folder_of_a_killed_build_is_swept_and_a_live_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "PARENT", tmp_path)
    dead = tmp_path / f"{scratch.PREFIX}dead"
    dead.mkdir()
    (dead / "owner").write_text("999999999 1")
    with scratch.folder() as alive:
        assert not dead.exists()
        with scratch.folder():
            assert alive.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.bench
def test_an_existing_image_is_found_at_once(image_tag: str) -> None:
    if image.bench_tag() != image_tag:
        pytest.skip("the code changed meanwhile")
    began = time.monotonic()
    assert image.ensure_image(pytest.fail) == image_tag
    assert time.monotonic() - began < 1


@pytest.mark.bench
def test_labels_of_the_image(image_tag: str) -> None:
    labels = engine.connect().api.inspect_image(image_tag)["Config"]["Labels"]
    assert labels["infralab.kind"] == "bench-image"
    assert labels["infralab.base"] == image.base_tag()


def _half_made() -> set[str]:
    """Every image of ours that a build has not finished; others may build real ones meanwhile."""
    found = engine.connect().api.images(all=True, filters={"label": "infralab.kind"})
    tags = {tag for item in found for tag in item["RepoTags"] or []}
    # With a number: that of a test in another process, `tests/bench/test_lifecycle.py`.
    named = {tag for tag in tags if re.search(r":(tmp-|test-(?!\d+$))", tag)}
    own = engine.connect().api.images(all=True, filters={"label": "infralab.test"})
    return named | {item["Id"] for item in own}


@pytest.mark.bench
def test_a_failed_build_leaves_nothing(image_tag: str) -> None:
    dockerfile = (
        f"FROM {image_tag}\nLABEL infralab.kind=test infralab.test=1\nRUN echo said >&2; exit 3\n"
    )
    client = engine.connect(timeout=120)
    with pytest.raises(ImageError, match="returned a non-zero code: 3"):
        build.build_from(
            client,
            archive.tar_of({"Dockerfile": dockerfile.encode()}),
            "infralab/bench:test-broken",
            build.Follower(lambda _: None),
        )
    assert _half_made() == set()


@pytest.mark.bench
def test_a_base_image_that_cannot_be_pulled_says_what_else_works(
    image_tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "SUITE", "no-such-suite")
    with pytest.raises(ImageError, match="cannot be pulled") as caught:
        base._with_base_image("infralab/base:test-pull", archive.tar_of({}), "", lambda _: None)
    assert "mmdebstrap" in caught.value.hint


@pytest.mark.bench
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing(
    image_tag: str, tmp_path: Path, number: signal.Signals
) -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from lab_engine.bench import base\n"
        "base.make('infralab/base:test-interrupted', lambda words: print(words, flush=True))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "INFRALAB_IMAGE_SOURCE": "mmdebstrap"},
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "set up" in line:
                break
        folders = list(scratch.PARENT.glob(f"{scratch.PREFIX}*"))
        assert folders
        began = time.monotonic()
        process.send_signal(number)
        process.wait(timeout=60)
        assert time.monotonic() - began < 20
    assert process.returncode != 0
    mine = [path for path in folders if path.exists() and str(process.pid) in _owner(path)]
    assert mine == []
    assert str(folders[0]) not in Path("/proc/self/mountinfo").read_text()
    assert _half_made() == set()


def _owner(folder: Path) -> str:
    try:
        return (folder / "owner").read_text()
    except OSError:
        return ""


def _layers_in(file: Path) -> dict[str, list[str]]:
    """The digests of each image's layers in an archive, by tag."""
    with tarfile.open(file) as tar:

        def part(name: str) -> Any:
            content = tar.extractfile(name)
            assert content is not None
            return json.load(content)

        return {
            tag: part(entry["Config"])["rootfs"]["diff_ids"]
            for entry in part("manifest.json")
            for tag in entry["RepoTags"]
        }


@pytest.mark.bench
def test_saving_where_there_is_no_room_says_how_much_it_needs(
    image_tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=5 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(ImageError, match=r"needs \d+ MiB, .* has 5 MiB free"):
        image.save(tmp_path / "classroom.tar")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.bench
@pytest.mark.slow
def test_save_and_load(image_tag: str, tmp_path: Path) -> None:
    said: list[str] = []
    file = image.save(tmp_path / "classroom.tar", said.append, packages=False)
    assert any("MiB" in words for words in said)
    tags = archive.image_tags(file)
    assert image.base_tag() in tags
    if image.bench_tag() in tags:
        assert image.load(file) == image.bench_tag()
    saved = _layers_in(file)
    assert len(saved) == 2
    for tag, layers in saved.items():
        assert layers == engine.connect().api.inspect_image(tag)["RootFS"]["Layers"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "classroom.tar",
        "classroom.tar.sha256",
    ]
    assert archive.damage(file) == ""
    with file.open("r+b") as damaged:
        damaged.seek(file.stat().st_size // 2)
        damaged.write(b"damage")
    with pytest.raises(ImageError, match="damaged"):
        image.load(file)
