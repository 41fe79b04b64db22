"""Packs: big systems that a bench can be given, each a folder with a recipe in `packs/`.

    packs/NAME/
      pack.toml     what it is, how big, and what it is made of (`Pack`)
      files/        laid over the bench's root as they are
      finish.sh     runs as root in the image at the end, without a network
      smoke.sh      runs as root in a bench that has the pack: it does real work there

A recipe names what it needs and pins it: Python packages by hash, Go modules by `go.sum`. Debian's
packages are those of the day; what came is in the image's list (`packs.bill`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from lab_engine.course import find
from lab_engine.course.text import front
from lab_engine.errors import ContentError, UsageError

NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it costs, measured: MB over the network, MB in the image, minutes on two cores."""

    download: int
    installed: int
    minutes: float


class Debian(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packages of the bench's Debian, installed without what they only recommend."""

    packages: tuple[str, ...]


class Python(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Wheels by a lock file with hashes, in a virtual environment `/opt/packs/VENV`.

    `commands` are those of its programs that stand on everybody's PATH.
    """

    lock: str
    venv: str
    commands: tuple[str, ...] = ()


class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `go build`: the package, the program's name, its linker flags."""

    name: str
    package: str = "."
    ldflags: str = ""


class Go(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder with `go.mod` and `go.sum`, and the programs that are built from it.

    Args:
        folder: the folder, in the pack's.
        programs: what is built, statically and without cgo.
        into: where the programs go in the image.
        toolchain: a version such as `go1.26.8`, from the module proxy; Debian's when left out.
        commands: those of the programs that stand on everybody's PATH.
    """

    folder: str
    programs: tuple[Program, ...]
    into: str = "/usr/local/bin"
    toolchain: str = "local"
    commands: tuple[str, ...] = ()


class Wants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a machine must have for it: MiB of memory for a bench, kinds of processor."""

    memory: int = 0
    machines: tuple[str, ...] = ("x86_64",)


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recipe, as `pack.toml` has it.

    Args:
        name: as its folder is called.
        about: one sentence for the learner, without its full stop.
        version: which version of the system it brings, as a learner would say it.
        licences: SPDX names of what it brings.
        size: what it costs.
        needs: packs that come before it.
    """

    name: str
    about: str
    version: str
    licences: tuple[str, ...]
    size: Size
    needs: tuple[str, ...] = ()
    debian: Debian | None = None
    python: tuple[Python, ...] = ()
    go: tuple[Go, ...] = ()
    wants: Wants = Wants()


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
    table = front.table(front.read(folder / "pack.toml", where=where), where=where)
    pack = front.convert(table, Pack, where=where)
    if pack.name != folder.name or not NAME.match(pack.name):
        raise ContentError(
            f"name = {pack.name!r} in the folder {folder.name!r}",
            where=where,
            hint="Both are the same word, of small letters, digits and single dashes.",
        )
    named = [part.lock for part in pack.python]
    named += [f"{part.folder}/{name}" for part in pack.go for name in ("go.mod", "go.sum")]
    for name in ("smoke.sh", *named):
        if not (folder / name).is_file():
            raise ContentError(f"its {name} is not there", where=where)
    for part in pack.python:
        # One is enough: with it pip refuses every package that has none (pip, "Hash-checking
        # Mode").
        if "--hash=sha256:" not in (folder / part.lock).read_text(encoding="utf-8"):
            raise ContentError(f"{part.lock} pins nothing by hash", where=where)
    return Recipe(pack, folder)
