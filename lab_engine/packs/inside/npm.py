"""npm packages by a lock file with integrity, without running what they bring."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from lab_engine.packs.inside.common import (
    CACHE,
    OUT,
    RECIPE,
    Component,
    bill_of,
    keep,
    link,
    run,
    say,
    unpack,
)

FILES = ("package.json", "package-lock.json")


def key(part: dict[str, Any]) -> str:
    digest = hashlib.sha256(part["into"].encode())
    for name in FILES:
        digest.update((RECIPE / part["folder"] / name).read_bytes())
    return f"npm-{digest.hexdigest()[:16]}"


def missing(pack: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for part in pack["npm"] if not (OUT / key(part) / "bill.json").exists()]


def install(part: dict[str, Any]) -> None:
    """Install exactly what the lock names, in a folder of its own. Raises nothing: `run` ends."""
    say(f"downloading the npm packages of {part['folder']}")
    env = {**os.environ, "HOME": "/root", "npm_config_cache": str(CACHE / "npm")}
    if "SSL_CERT_FILE" in env:
        env["npm_config_cafile"] = env["SSL_CERT_FILE"]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / Path(part["into"]).name
        place.mkdir(mode=0o755)
        for name in FILES:
            shutil.copyfile(RECIPE / part["folder"] / name, place / name)
        quiet = ["--no-audit", "--no-fund", "--no-update-notifier"]
        run(["npm", "ci", "--ignore-scripts", "--omit=dev", *quiet], cwd=place, env=env)
        keep(key(part), {"node": place}, list(_bill(place)))


def _bill(place: Path) -> list[Component]:
    lock = json.loads((place / "package-lock.json").read_text())
    found: list[Component] = []
    for where, about in sorted(lock["packages"].items()):
        # The first entry, without a path, is the project itself; some are for other machines.
        if not where or about.get("link") or not (place / where).is_dir():
            continue
        name = where.rpartition("node_modules/")[2]
        found.append(
            {
                "type": "library",
                "name": name,
                "version": about["version"],
                "licence": about.get("license", ""),
                "purl": f"pkg:npm/{name.replace('@', '%40')}@{about['version']}",
            }
        )
    return found


def lay(part: dict[str, Any]) -> list[Component]:
    """Put the packages where the recipe wants them; returns what they are."""
    unpack(key(part), "node", Path(part["into"]).parent)
    for command in part["commands"]:
        link(f"{part['into']}/node_modules/.bin/{command}", command)
    return bill_of(key(part))
