"""A folder of packs that a test makes, and the engine that builds them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from docker import errors as docker_errors

from lab_engine.bench import engine
from lab_engine.course import pack
from lab_engine.packs import begun, image, maker
from tests.packs.building import makers, tags


@pytest.fixture
def client() -> Any:
    return engine.connect()


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Any) -> Iterator[Path]:
    """A folder of packs in the place of the kit's; what is built from it goes afterwards."""
    monkeypatch.setattr(pack, "root", lambda: tmp_path)
    monkeypatch.setenv("INFRALAB_DATA_DIR", str(tmp_path / "data"))
    before = tags(client)
    yield tmp_path
    own = {path.parent.name for path in tmp_path.glob("*/pack.toml")}
    for tag in sorted(tags(client) - before, key=lambda tag: tag.startswith(image.REPOSITORY)):
        # Somebody else on this engine may have built one meanwhile.
        with suppress(docker_errors.APIError):
            if client.api.inspect_image(tag)["Config"]["Labels"].get("infralab.pack") in own:
                client.api.remove_image(tag, force=True)


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Any) -> Iterator[str]:
    """The name of a volume in the place of the builds' cache; it goes afterwards, with its packs'.

    The container that builds has a name of its own, too, and so has the lock: nobody else's build
    waits for this test's, or is taken for it.
    """
    name = f"infralab-test-packs-{secrets.token_hex(3)}"
    monkeypatch.setattr(maker, "VOLUME", name)
    monkeypatch.setattr(maker, "NAME", f"{name}-maker")
    monkeypatch.setenv("INFRALAB_CACHE_DIR", str(tmp_path / "cache"))
    yield name
    for one in makers(client):
        maker.remove(client, one["Id"])
    for one in [name, *(one.name for one in begun.left(client, name))]:
        with suppress(docker_errors.NotFound):
            client.api.remove_volume(one)
