"""CSV as spreadsheets and platforms write it: three encodings, three separators (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lab_engine.common import ordinary
from lab_engine.errors import UsageError

LONGEST: Final = 16 << 20
MOST_ROWS: Final = 100_000
_SEPARATORS: Final = (",", ";", "\t")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def read(path: Path) -> list[list[str]]:
    """The rows of a file, empty ones left out. Raises UsageError."""
    try:
        return parse(ordinary.read(path, LONGEST))
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(
            f"the list {path} cannot be read: {error}", hint="Export it again, as CSV."
        ) from None


def parse(data: bytes) -> list[list[str]]:
    """Raises ValueError, csv.Error."""
    text = _text(data)
    head = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=head.count)
    rows = []
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
        if any(cell.strip() for cell in row):
            rows.append(row)
        if len(rows) > MOST_ROWS:
            raise ValueError(f"it has more than {MOST_ROWS} rows")
    return rows


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What a spreadsheet on Windows writes where it is not asked for UTF-8.
        return data.decode("cp1252")


def write(rows: Sequence[Sequence[str]]) -> str:
    """CSV with commas, lines ended by CR LF."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: what is in it may be a learner's words."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
