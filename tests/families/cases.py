"""All cases of all families: those of each `cases_*.py` beside this file."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

from tests.families.case import Case

CASES: Final[tuple[Case, ...]] = tuple(
    case
    for path in sorted(Path(__file__).parent.glob("cases_*.py"))
    for case in importlib.import_module(f"tests.families.{path.stem}").CASES
)
