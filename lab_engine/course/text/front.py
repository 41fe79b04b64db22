"""Front matter: TOML between two lines of `+++` at the top of a Markdown file."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lab_engine.common import ordinary
from lab_engine.errors import ContentError

# Why it is TOML: docs/decisions/0003-front-matter-in-toml.md.
FENCE = "+++"
LONGEST = 1 << 20
"""Bytes that a text may have."""
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Parts:
    """`first_line` is the number that the body's first line has in the file."""

    front: dict[str, Any]
    body: str
    first_line: int


def read(path: Path, *, where: str) -> str:
    """The file as text. Raises ContentError when it cannot be read."""
    try:
        return ordinary.text(path, LONGEST)
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"cannot be read: {error}", where=where) from None


def read_front(path: Path, *, where: str) -> dict[str, Any]:
    """The front matter alone; what follows it is not parsed."""
    try:
        lines = ordinary.read(path, LONGEST).split(b"\n")
        ends = (n for n, line in enumerate(lines) if n and line.rstrip() == FENCE.encode())
        head = ordinary.decoded(b"\n".join(lines[: next(ends, len(lines)) + 1]))
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"cannot be read: {error}", where=where) from None
    return split(head, where=where).front


def split(source: str, *, where: str) -> Parts:
    """Part the front matter from the body.

    Raises:
        ContentError: no front matter, no end of it, or TOML that cannot be read.
    """
    lines = source.split("\n")
    if lines[0].rstrip() != FENCE:
        raise ContentError(
            f"the first line must be {FENCE}",
            where=f"{where}:1",
            hint="Begin the file with front matter: +++, lines of `key = value`, +++.",
        )
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise ContentError(f"the front matter has no closing {FENCE}", where=f"{where}:1")
    # An empty line stands for the opening fence, so that TOML's line numbers are the file's.
    toml = "\n".join(["", *lines[1:end], ""])
    return Parts(table(toml, where=where), "\n".join(lines[end + 1 :]), end + 2)


def table(toml: str, *, where: str) -> dict[str, Any]:
    """Read TOML. Raises ContentError with the place that TOML's reader names."""
    try:
        return tomllib.loads(toml)
    except (ValueError, RecursionError) as error:
        raise ContentError(f"this is not valid TOML: {error}", where=where) from None


def convert(front: dict[str, Any], into: type[T], *, where: str) -> T:
    """Check the keys and make the struct.

    Raises:
        ContentError: names the key that is unknown, missing or of the wrong type.
    """
    fields = _fields(into)
    for key in front:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            raise ContentError(
                f"unknown key `{key}`",
                where=where,
                hint=f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(fields)}.",
            )
    missing = [name for name, f in fields.items() if f.required and name not in front]
    if missing:
        raise ContentError(f"the key `{missing[0]}` is missing", where=where)
    try:
        made = msgspec.convert(front, into)
    except (ValueError, RecursionError) as error:
        raise ContentError(f"a value does not fit: {error}", where=where) from None
    title = getattr(made, "title", None)
    if isinstance(title, str) and (not title.strip() or not title.isprintable()):
        raise ContentError(
            f"title = {title!r}, which cannot be shown", where=where, hint="Write a line of words."
        )
    return made


# Each time msgspec would evaluate the annotations of the class anew (`msgspec.structs.fields`).
@functools.cache
def _fields(into: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """The fields by the names that they have in a file."""
    return {field.encode_name: field for field in msgspec.structs.fields(into)}
