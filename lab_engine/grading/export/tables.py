"""Grades as CSV for a spreadsheet, and as JSON for a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from lab_engine.grading.gradebook.standing import Standing
from lab_engine.grading.roster import table

HEAD = (
    "learner", "name", "assignment", "earned", "possible", "state", "late", "hints", "attempts",
    "received", "look", "comments",
)  # fmt: skip


def number(value: float | None) -> str:
    """At most two decimals; nothing for what is not decided."""
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def csv(standings: Sequence[Standing]) -> str:
    rows = [HEAD]
    for one in standings:
        graded = one.graded
        rows.append(
            (
                one.learner,
                table.harmless(one.name),
                one.assignment,
                number(one.earned),
                number(one.possible),
                one.state,
                graded.late if graded else "",
                str(graded.hints if graded else ""),
                str(one.attempts),
                f"{graded.received:.0f}" if graded else "",
                table.harmless(one.look),
                table.harmless(" ".join(one.comments)),
            )
        )
    return table.write(rows)


def json(standings: Sequence[Standing]) -> str:
    plain: list[dict[str, Any]] = [
        {**msgspec.to_builtins(one), "state": one.state} for one in standings
    ]
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"
