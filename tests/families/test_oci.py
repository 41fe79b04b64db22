"""Image layouts: what is read of a folder, however strange, and what is written down as one."""

from __future__ import annotations

import asyncio
import doctest
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lab_engine.common.probe import Answer, Probe, Reading
from lab_engine.families.oci import layout
from lab_engine.families.oci.agent import readers
from lab_engine.families.oci.agent.readers import layout as read
from lab_engine.families.oci.layout import layout_files
from lab_engine.families.oci.probes import (
    OciLayoutProbe,
    OciLayoutReading,
    OciLayoutsProbe,
    OciLayoutsReading,
)
from lab_engine.tui.topology.layout import draw
from lab_engine.tui.topology.read import PictureReader

FILES = layout_files("shop:1", [{"srv/index.html": "hello\n"}, {"etc/motd": "hi\n"}], ["httpd"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text.encode())
    return tmp_path


def seen(folder: Path) -> OciLayoutReading:
    found = read(OciLayoutProbe(str(folder)))
    # What cannot be sent would be an error, and no answer.
    return msgspec.json.decode(msgspec.json.encode(found), type=OciLayoutReading)


def put(folder: Path, data: bytes) -> str:
    name = hashlib.sha256(data).hexdigest()
    (folder / "blobs/sha256" / name).write_bytes(data)
    return name


def test_examples() -> None:
    assert doctest.testmod(layout).attempted > 0
    assert doctest.testmod(layout).failed == 0


def test_a_whole_one_is_read_from_index_to_layer(folder: Path) -> None:
    found = seen(folder)
    assert found.exists
    assert found.version == "1.0.0"
    assert found.liars == []
    assert found.index is not None
    manifest = found.blob(found.index[0].digest)
    assert manifest is not None
    assert manifest.manifest is not None
    assert found.index[0].name == "1"
    config = found.blob(manifest.manifest.config.digest)
    assert config is not None
    assert config.config is not None
    assert config.config.command == ("httpd",)
    layers = [found.blob(one.digest) for one in manifest.manifest.layers]
    assert config.config.diff_ids == tuple(one.diff_id for one in layers if one)
    assert [one.size for one in layers if one] == [one.size for one in manifest.manifest.layers]
    assert layers[0] is not None
    assert layers[0].files["srv/index.html"].text == "hello\n"


def test_a_changed_byte_is_a_liar_and_leads_nowhere(folder: Path) -> None:
    first = seen(folder).of_kind("layer")[0].digest
    path = folder / "blobs/sha256" / first.removeprefix("sha256:")
    path.write_bytes(path.read_bytes() + b"\0")
    found = seen(folder)
    assert found.liars == [path.name]
    assert found.blob(first) is None


def test_a_packed_layer_has_two_hashes(folder: Path) -> None:
    plain = layout.layer_text({"a": "b"}).encode()
    name = put(folder, gzip.compress(plain))
    found = seen(folder).blobs[name]
    assert (found.kind, found.digest) == ("layer", f"sha256:{name}")
    assert found.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"


def tar_of(*members: tarfile.TarInfo) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return made.getvalue()


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, size
    return made


def test_entries_of_a_layer(folder: Path) -> None:
    data = tar_of(
        member("./bin/busybox", size=5),
        member("./bin/sh", tarfile.LNKTYPE, "./bin/busybox"),
        member("bin/ash", tarfile.SYMTYPE, "busybox"),
        member("bin/no", tarfile.LNKTYPE, "bin/no"),
        member("dev/null", tarfile.CHRTYPE),
        member("../../etc/shadow", size=1),
        member("bad\udcff", size=1),
    )
    name = put(folder, data)
    files = seen(folder).blobs[name].files
    assert files["bin/busybox"].size == files["bin/sh"].size == 5
    assert (files["bin/ash"].kind, files["bin/ash"].text) == ("link", "busybox")
    assert files["bin/no"].kind == files["dev/null"].kind == "other"
    assert len(files) == 7


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\0\0\0\0\0\0\0",
        gzip.compress(bytes(80 << 20), 9),
        b"not an archive",
        b"[" * 100_000,
        b"{" + b'"a":{' * 50_000,
        b'"text"',
        b"[1, 2]",
        b'{"config": "x"}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b"\xff\xfe{}",
        tar_of(member("a", size=700))[:600],
    ],
    ids=range(14),
)
def test_strange_bytes_are_a_blob_of_no_use(folder: Path, data: bytes) -> None:
    name = put(folder, data)
    found = seen(folder).blobs[name]
    assert found.config is None
    assert found.manifest is None
    assert found.digest == f"sha256:{name}"


@pytest.mark.parametrize(
    "said",
    [
        {"rootfs": {"diff_ids": "x"}, "config": []},
        {"rootfs": {"diff_ids": [1, None, {}]}, "config": {"Cmd": "sh", "Env": 5}},
        {"rootfs": {}, "architecture": 7},
    ],
)
def test_a_config_of_another_shape_says_nothing(folder: Path, said: object) -> None:
    name = put(folder, json.dumps(said).encode())
    found = seen(folder).blobs[name]
    assert found.config is not None
    assert found.config.diff_ids == found.config.command == ()


@pytest.mark.parametrize(
    "said",
    [
        {"config": {}, "layers": [1, "x", {}, {"digest": 5, "size": True, "annotations": 1}]},
        {"config": {"size": "9"}, "layers": [{}, [], None, {"size": -0.5}]},
    ],
)
def test_descriptors_of_another_shape_name_nothing(folder: Path, said: object) -> None:
    name = put(folder, json.dumps(said).encode())
    found = seen(folder).blobs[name].manifest
    assert found is not None
    assert {one.digest for one in (found.config, *found.layers)} == {""}
    assert {one.size for one in (found.config, *found.layers)} == {-1}


def fifo(path: Path) -> None:
    os.mkfifo(path)


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("make", [Path.mkdir, fifo, circle, huge])
def test_what_is_no_file_lies(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "blobs/sha256/aaa")
    found = seen(folder)
    assert found.liars == ["aaa"]
    for path in ("index.json", "oci-layout"):
        (folder / path).unlink()
        make(folder / path)
    found = seen(folder)
    assert (found.version, found.index) == ("", None)


def test_a_name_of_strange_bytes_can_be_told(folder: Path) -> None:
    (folder / os.fsdecode(b"blobs/sha256/\xff\xfe")).write_bytes(b"x")
    assert len(seen(folder).liars) == 1


def test_no_layout(tmp_path: Path) -> None:
    assert not seen(tmp_path).exists
    assert not seen(tmp_path / "gone").exists
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/sha256").write_text("a file")
    assert not seen(tmp_path).exists


def test_layouts_are_drawn_with_their_blobs(folder: Path) -> None:
    liar = seen(folder).of_kind("layer")[0].digest.removeprefix("sha256:")
    (folder / "blobs/sha256" / liar).write_bytes(b"other")
    known: dict[Probe[Any], Reading] = {
        OciLayoutsProbe(): OciLayoutsReading((str(folder),)),
        OciLayoutProbe(str(folder)): seen(folder),
    }

    async def ask(probes: Sequence[Probe[Any]]) -> list[Answer]:
        return [
            Answer(msgspec.Raw(msgspec.json.encode(known[one])))
            if one in known
            else Answer(problem="not in this test")
            for one in probes
        ]

    picture = asyncio.run(PictureReader().read(ask, []))
    box = picture.node(f"oci-layout/{folder}")
    assert box is not None
    assert (box.state, box.on) == ("1 lying", False)
    assert ("papers", "oci-layout index.json") in box.facts
    blobs = [picture.node(edge.to) for edge in picture.edges_of(box.key)]
    kinds = sorted(blob.name.partition(" ")[0] for blob in blobs if blob)
    assert kinds == ["config", "layer", "manifest", "other"]
    lying = picture.node(f"oci-blob/{folder}/{liar}")
    assert lying is not None
    assert (lying.state, lying.on) == ("its name lies", False)
    drawn = "\n".join("".join(run.text for run in line) for line in draw(picture, 60, now=0.0))
    assert f"other {liar[:12]} lies" in drawn


def test_layouts_are_found_below_the_watched_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (
        "none/blobs",
        "a/b/c/blobs/sha256",
        "a/b/c/d/blobs/sha256",
        "1/2/3/4/blobs/sha256",
    ):
        (tmp_path / path).mkdir(parents=True)
    monkeypatch.setattr(readers, "WATCHED", (str(tmp_path), "/nowhere"))
    assert readers.layouts(OciLayoutsProbe()).paths == (f"{tmp_path}/a/b/c",)
