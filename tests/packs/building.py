"""Small packs that are really built, and what a build leaves on the engine."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from lab_engine.packs import image, maker
from tests.packs.test_recipes import make


def tags(client: Any) -> set[str]:
    """The tags of all images with packs, those of benches too."""
    found = client.api.images(filters={"label": image.RECIPE_LABEL})
    # Docker 20.10 says `<none>:<none>` of an image without a name.
    return {tag for one in found for tag in one["RepoTags"] or () if not tag.startswith("<")}


def makers(client: Any) -> list[Any]:
    """The containers that build packs, as the engine lists them."""
    found: list[Any] = client.api.containers(all=True, filters={"name": maker.NAME})
    return found


def small(packs: Path, name: str = "small", *, finish: str = "") -> None:
    """Put a pack of one package of Debian and one file into the folder `packs`."""
    place = make(packs, name)
    (place / "pack.toml").write_text(
        (place / "pack.toml").read_text().replace('packages = ["jq"]', 'packages = ["figlet"]')
    )
    (place / "files" / "opt").mkdir(parents=True)
    # Its own text, so that no image of an earlier run is taken for it.
    (place / "files" / "opt" / "hello").write_text(f"hello {secrets.token_hex(4)}\n")
    if finish:
        (place / "finish.sh").write_text(finish)
