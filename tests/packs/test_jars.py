"""Jars come from a repository as their lock says, or not at all."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab_engine.packs.inside import common
from lab_engine.packs.inside import jars as fetched
from tests.packs.unpacking import needs_filters

PART = {"lock": "jars.lock", "into": "/opt/packs/one/lib"}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is served as a Maven repository, and its URL."""
    place = tmp_path / "repository"
    place.mkdir()
    handler = partial(Quiet, directory=str(place))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield place, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders of a build, below `tmp_path`; the recipe's is `pack`."""
    (tmp_path / "pack").mkdir()
    for module in (common, fetched):
        monkeypatch.setattr(module, "OUT", tmp_path / "out")
        monkeypatch.setattr(module, "CACHE", tmp_path)
        monkeypatch.setattr(module, "RECIPE", tmp_path / "pack")
    monkeypatch.setattr(fetched, "STORE", tmp_path / "jars")
    return tmp_path


def served(place: Path) -> str:
    """Put a jar into the repository; returns its line in a lock."""
    folder = place / "org/example/shop/1.0"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "shop-1.0.jar", "w") as jar:
        manifest = "Manifest-Version: 1.0\r\nBundle-License: Apache-\r\n 2.0\r\n"
        jar.writestr("META-INF/MANIFEST.MF", manifest)
    digest = hashlib.sha256((folder / "shop-1.0.jar").read_bytes()).hexdigest()
    return f"org.example:shop:1.0 sha256={digest}\n"


@needs_filters
def test_a_jar_is_laid_where_it_is_wanted(cache: Path, repository: tuple[Path, str]) -> None:
    place, url = repository
    (cache / "pack" / "jars.lock").write_text(served(place))
    pack = {"maven": [PART]}
    assert fetched.missing(pack) == [PART]
    fetched.fetch(PART, url)
    assert fetched.missing(pack) == []
    common.unpack(fetched.key(PART), "jars", cache / "root")
    assert (cache / "root" / "lib" / "shop-1.0.jar").is_file()
    (one,) = common.bill_of(fetched.key(PART))
    assert one["name"] == "org.example:shop"
    assert one["licence"] == "Apache-2.0"
    assert one["purl"] == "pkg:maven/org.example/shop@1.0?type=jar"


def test_a_jar_that_was_changed_ends_the_build(
    cache: Path, repository: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    place, url = repository
    (cache / "pack" / "jars.lock").write_text(served(place))
    with (place / "org/example/shop/1.0/shop-1.0.jar").open("ab") as file:
        file.write(b"more")
    with pytest.raises(SystemExit):
        fetched.fetch(PART, url)
    assert "ERROR: org/example/shop/1.0/shop-1.0.jar has the SHA-256" in capsys.readouterr().out
    assert fetched.missing({"maven": [PART]}) == [PART]
    assert not list((cache / "jars").iterdir())


def test_a_jar_that_is_not_there_is_named(
    cache: Path, repository: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"org.example:none:1.0 sha256={'0' * 64}\n"
    (cache / "pack" / "jars.lock").write_text(line)
    with pytest.raises(SystemExit):
        fetched.fetch(PART, repository[1])
    said = capsys.readouterr().out
    assert "ERROR: org/example/none/1.0/none-1.0.jar: the Maven repository answers 404" in said
