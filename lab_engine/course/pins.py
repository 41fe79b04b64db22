"""Whether a recipe pins what it brings: wheels and jars by hash, npm by integrity."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import jars
from lab_engine.course.pack_toml import Container, Npm, Pack

IMAGE: Final = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")
CARRIED: Final = ("busybox", "myapp")
"""The images that every bench has."""
NODE: Final = ("package.json", "package-lock.json")


def files(pack: Pack) -> list[str]:
    """The files that must be in the pack's folder."""
    named = ["smoke.sh", *(part.lock for part in pack.python)]
    named += [f"{part.folder}/{name}" for part in pack.go for name in ("go.mod", "go.sum")]
    named += [part.lock for part in pack.maven]
    return named + [f"{part.folder}/{name}" for part in pack.npm for name in NODE]


def fault(pack: Pack, folder: Path) -> str:
    """What is wrong with the files that pin, or with where things go; empty when nothing is."""
    for part in pack.python:
        # One is enough: with it pip refuses every package that has none (pip, "Hash-checking
        # Mode").
        if "--hash=sha256:" not in (folder / part.lock).read_text(encoding="utf-8"):
            return f"{part.lock} pins nothing by hash"
    for archives in pack.maven:
        try:
            jars.read((folder / archives.lock).read_text(encoding="utf-8"))
        except ValueError as error:
            return f"{archives.lock}: {error}"
    for node in pack.npm:
        found = _node_fault(node, folder)
        if found:
            return found
    for place in (part.into for parts in (pack.go, pack.maven, pack.npm) for part in parts):
        if not place.startswith("/") or ".." in place.split("/") or place.rstrip("/") != place:
            return f"into = {place!r} is not the path of a folder, such as /opt/packs/{pack.name}"
    return next(filter(None, (_image_fault(one, folder) for one in pack.image)), "")


def _node_fault(part: Npm, folder: Path) -> str:
    name = f"{part.folder}/{NODE[1]}"
    try:
        lock = msgspec.json.decode((folder / name).read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        return f"{name} is no JSON: {error}"
    packages = lock.get("packages")
    # `packages` is there since version 2 (docs.npmjs.com, package-lock.json).
    if not isinstance(packages, dict) or len(packages) < 2:
        return f"{name} names no packages: npm 7 or newer writes one that does"
    for place, about in packages.items():
        if not place or about.get("link"):
            continue
        if not about.get("integrity"):
            return f"{name} pins {place} by no integrity"
        if about.get("resolved"):
            return (
                f"{name} says from which registry {place} came: write it with "
                "`npm install --package-lock-only --omit-lockfile-registry-resolved`"
            )
    return ""


def _image_fault(part: Container, folder: Path) -> str:
    what = f"the image {part.name!r}"
    if not IMAGE.match(part.name) or part.name in CARRIED:
        return f"{what} needs a name of its own, of small letters, digits and single . _ -"
    if not (part.files or part.folder):
        return f"{what} adds nothing to busybox: say its files or its folder"
    if part.folder and not (folder / part.folder).is_dir():
        return f"{what} wants the folder {part.folder}, which is not there"
    for name in part.files:
        if not name.startswith("/") or ".." in name.split("/"):
            return f"{what} wants {name!r}, which is not a path in the bench such as /bin/bash"
    wrong = [port for port in part.ports if not 0 < port < 65536]
    return f"{what} says port {wrong[0]}, which is none" if wrong else ""
