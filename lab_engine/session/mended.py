"""What a fault took and what came back, in sentences for the learner (client side)."""

from __future__ import annotations

from collections.abc import Iterator

from lab_engine.protocol import MendReport, Recovery
from lab_engine.shown import shown


def sentences(report: MendReport) -> Iterator[str]:
    """Each thing by its name; nothing when nothing had happened."""
    return map(shown, _sentences(report))


def _sentences(report: MendReport) -> Iterator[str]:
    if report.stopped:
        yield "The bench had stopped. It runs again, and what was on its disks is there."
    if report.started:
        yield f"Started again: {', '.join(report.started)}."
    if report.made:
        yield f"Made again: {', '.join(report.made)}."
    if report.lost:
        yield f"Lost: {', '.join(report.lost)}."
    if report.left:
        yield f"Not back yet: {'; '.join(report.left)}. `infralab repair` tries again."


def due(recovery: Recovery) -> Iterator[str]:
    """The same for one who only looks, and has nothing made again."""
    return map(shown, _due(recovery))


def _due(recovery: Recovery) -> Iterator[str]:
    if recovery.state == "none":
        return
    if recovery.problem:
        yield f"What was half-done in the bench cannot be undone yet: {recovery.problem}."
    elif recovery.stopped:
        yield "The bench had stopped, and what ran in it does not run yet."
    elif recovery.half_made:
        yield f"This was half-made when the agent stopped: {', '.join(recovery.half_made)}."
    else:
        yield "A daemon had stopped, and what ran in it may not run yet."
    yield "`infralab repair` has again what can be had; it removes nothing."
