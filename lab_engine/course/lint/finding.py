"""One thing that the linter found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "advice"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """An `error` makes `infralab lint` fail; `advice` may be right and may be ignored.

    `where` is `file` or `file:line`; `rule` a short stable name; `fix` what to do.
    """

    where: str
    rule: str
    message: str
    fix: str = ""
    level: Level = "error"
