"""The pack `tofu` tells the versions that it pins; `infralab packs --smoke tofu` tries it."""

from __future__ import annotations

import re

from lab_engine.course import pack


def test_the_versions_that_are_told_are_those_that_are_built() -> None:
    recipe = pack.recipes()["tofu"]
    (tofu,), (provider,) = (part.programs for part in recipe.pack.go)
    module = tofu.package.removesuffix("/cmd/tofu")
    text = (recipe.folder / "tofu" / "go.mod").read_text()
    pinned = re.search(rf"^\s*{re.escape(module)} v(\S+)", text, re.MULTILINE)
    assert pinned is not None
    # finish.sh takes it from the name, and OpenTofu from the folder that finish.sh names.
    version = provider.name.removeprefix("terraform-provider-docker_v")
    assert recipe.pack.version == f"OpenTofu {pinned[1]}, Docker provider {version}"
    assert provider.ldflags == f"-X main.version={version}"
