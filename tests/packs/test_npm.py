"""npm packages come from the registry that is set, as the lock says, and run nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from lab_engine.packs.inside import common, npm
from tests.packs.test_jars import Quiet
from tests.packs.unpacking import needs_filters

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm here"),
]
PART = {"folder": "node", "into": "/opt/packs/one/node", "commands": []}


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folders of a build, below `tmp_path`; the recipe's is `pack`."""
    for module in (common, npm):
        monkeypatch.setattr(module, "OUT", tmp_path / "out")
        monkeypatch.setattr(module, "CACHE", tmp_path)
        monkeypatch.setattr(module, "RECIPE", tmp_path / "pack")
    return tmp_path


@pytest.fixture
def integrity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A registry with the package `tiny` is set; what pins it (npm, package-lock.json)."""
    place = tmp_path / "registry"
    place.mkdir()
    scripts = {"install": f"touch {tmp_path / 'ran'}"}
    tiny = {"name": "tiny", "version": "1.0.0", "scripts": scripts}
    with tarfile.open(place / "tiny.tgz", "w:gz") as tar:
        for name, text in (("package.json", json.dumps(tiny)), ("index.js", "tiny")):
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    digest = hashlib.sha512((place / "tiny.tgz").read_bytes()).digest()
    found = f"sha512-{base64.b64encode(digest).decode()}"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(place))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        about = tiny | {"dist": {"tarball": f"{url}tiny.tgz", "integrity": found}}
        whole = {"name": "tiny", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": about}}
        (place / "tiny").write_text(json.dumps(whole))
        monkeypatch.setenv("npm_config_registry", url)
        yield found
        server.shutdown()


def locked(build: Path, integrity: str) -> None:
    """A recipe's folder with a lock of `tiny`."""
    folder = build / "pack" / "node"
    folder.mkdir(parents=True)
    own = {"name": "p", "version": "1.0.0", "dependencies": {"tiny": "1.0.0"}}
    (folder / "package.json").write_text(json.dumps(own))
    tiny = {"version": "1.0.0", "integrity": integrity, "license": "MIT", "hasInstallScript": True}
    packages = {"": own, "node_modules/tiny": tiny}
    lock = {"name": "p", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}
    (folder / "package-lock.json").write_text(json.dumps(lock))


@needs_filters
def test_packages_are_laid_as_the_lock_says_and_run_nothing(build: Path, integrity: str) -> None:
    locked(build, integrity)
    assert npm.missing({"npm": [PART]}) == [PART]
    npm.install(PART)
    assert npm.missing({"npm": [PART]}) == []
    common.unpack(npm.key(PART), "node", build / "root")
    assert (build / "root" / "node" / "node_modules" / "tiny" / "index.js").read_text() == "tiny"
    assert not (build / "ran").exists()
    (one,) = common.bill_of(npm.key(PART))
    assert one["purl"] == "pkg:npm/tiny@1.0.0"
    assert one["licence"] == "MIT"


def test_a_package_that_is_not_the_locks_ends_the_build(build: Path, integrity: str) -> None:
    other = base64.b64encode(b"0" * 64).decode()
    locked(build, f"sha512-{other}")
    with pytest.raises(SystemExit):
        npm.install(PART)
    assert npm.missing({"npm": [PART]}) == [PART]
