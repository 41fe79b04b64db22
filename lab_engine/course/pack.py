"""Packs: big systems that a bench can be given, each a folder with a recipe in `packs/`.

    packs/NAME/
      pack.toml     what it is, how big, and what it is made of (`pack_toml.Pack`)
      files/        laid over the bench's root as they are
      finish.sh     runs as root in the image at the end, without a network
      smoke.sh      runs as root in a bench that has the pack: it does real work there

A recipe names what it needs and pins it (`pins`). Debian's packages are those of the day; what came
is in the image's list (`packs.bill`).
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.course import find, pins
from lab_engine.course.pack_toml import Pack, Size, Wants
from lab_engine.course.text import front
from lab_engine.errors import ContentError, UsageError

NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A pack with its folder."""

    pack: Pack
    folder: Path

    @property
    def name(self) -> str:
        return self.pack.name

    def files(self) -> dict[str, bytes]:
        """Every file that the pack is made of, by its path in the folder."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in found
            if "__pycache__" not in path.parts
        }

    def digest(self) -> str:
        """Twelve hexadecimal digits that change with anything it is made of.

        What only tells or tries it makes no difference to the image.
        """
        made_of = msgspec.structs.replace(
            self.pack, about="", licences=(), size=Size(0, 0, 0), wants=Wants()
        )
        digest = hashlib.sha256(msgspec.json.encode(made_of))
        for name, data in self.files().items():
            if name not in ("pack.toml", "smoke.sh"):
                # Of the mode git keeps only this; the rest differs from clone to clone with the
                # umask.
                mode = (self.folder / name).stat().st_mode & 0o111
                digest.update(f"{name}\0{mode}\0".encode() + hashlib.sha256(data).digest())
        return digest.hexdigest()[:12]


def root() -> Path:
    """The folder of the packs: in a checkout beside the package, in a wheel inside it."""
    return find.beside("packs", "_packs")


def recipes(folder: Path | None = None) -> Mapping[str, Recipe]:
    """All packs by name. Raises ContentError with the file that is wrong."""
    folders = sorted(path.parent for path in (folder or root()).glob("*/pack.toml"))
    found = {path.name: _read(path) for path in folders}
    for recipe in found.values():
        for need in recipe.pack.needs:
            if need not in found:
                raise ContentError(f"needs {need!r}, which is no pack", where=_where(recipe.folder))
    for name in found:
        _chain([name], found)
    return found


def chain(names: Iterable[str], known: Mapping[str, Recipe] | None = None) -> tuple[Recipe, ...]:
    """The packs `names` with all that they need, each after its needs.

    The order is the same for the same set, so that images are shared: the bigger comes first.
    Raises UsageError for a name that is none.
    """
    return _chain(names, recipes() if known is None else known)


def _chain(names: Iterable[str], known: Mapping[str, Recipe]) -> tuple[Recipe, ...]:
    done: dict[str, Recipe] = {}

    def take(name: str, on_the_way: tuple[str, ...]) -> None:
        if name in on_the_way:
            circle = " -> ".join((*on_the_way[on_the_way.index(name) :], name))
            raise ContentError(f"packs need each other: {circle}", where=f"packs/{name}/pack.toml")
        recipe = known.get(name)
        if recipe is None:
            raise UsageError(
                f"there is no pack {name!r}", hint=f"There are: {', '.join(known) or 'none'}."
            )
        for need in sorted(recipe.pack.needs):
            take(need, (*on_the_way, name))
        done.setdefault(name, recipe)

    def size(name: str) -> tuple[int, str]:
        return (-known[name].pack.size.installed if name in known else 0, name)

    for name in sorted(set(names), key=size):
        take(name, ())
    return tuple(done.values())


def _where(folder: Path) -> str:
    return f"packs/{folder.name}/pack.toml"


def _read(folder: Path) -> Recipe:
    where = _where(folder)
    pack = _pack(front.read(folder / "pack.toml", where=where), where)
    if pack.name != folder.name or not NAME.match(pack.name):
        raise ContentError(
            f"name = {pack.name!r} in the folder {folder.name!r}",
            where=where,
            hint="Both are the same word, of small letters, digits and single dashes.",
        )
    for name in pins.files(pack):
        if not (folder / name).is_file():
            raise ContentError(f"its {name} is not there", where=where)
    fault = pins.fault(pack, folder)
    if fault:
        raise ContentError(fault, where=where)
    return Recipe(pack, folder)


# Every step's edition asks for the packs of its lesson, and each time all recipes are read.
@functools.lru_cache(maxsize=128)
def _pack(toml: str, where: str) -> Pack:
    return front.convert(front.table(toml, where=where), Pack, where=where)
