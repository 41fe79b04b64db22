"""docs/authoring.md: its example lints clean, and is proven and taken on a real bench."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lab_engine import settings
from lab_engine.course.lesson import Lesson
from lab_engine.course.lint.run import lint
from lab_engine.plain.walk import Walk
from lab_engine.session.record import Record


def test_lints_clean(example: Lesson) -> None:
    assert lint([example]) == []


@pytest.mark.bench
@pytest.mark.slow
async def test_is_proven(example: Lesson, tmp_path: Path) -> None:
    from lab_engine.proof.run import prove_lesson

    record = Record(tmp_path / "progress.sqlite")
    proof = await prove_lesson(example, "a", record, settings.load(), lambda _lesson, _case: None)
    record.close()
    assert [case for case in proof.cases if not case.good] == []
    kinds = {case.kind for case in proof.cases}
    assert {"start", "text", "near-miss", "solution", "left-out", "teardown"} <= kinds


@pytest.mark.bench
@pytest.mark.slow
async def test_is_taken_line_by_line(
    example: Lesson, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A learner gets it wrong, asks for a hint, starts again, and gets it right."""
    from lab_engine.session.session import Session

    record = Record(tmp_path / "progress.sqlite")
    session = await Session.begin(example, record, settings.load(), seed="a")
    names = session.variables.as_text()
    network, worker = names["network"], names["worker"]
    lines = [
        "check",
        f"run docker network create {network}",
        "check",
        "hint 1",
        "reset",
        f"run docker network create --internal {network}",
        f"run docker network connect {network} {worker}",
        f"run docker network disconnect bridge {worker}",
        f"run docker exec {worker} ip route",
        "answer why 2",
        "answer why 1",
        "status",
        "next",
        "never read",
    ]
    said: list[str] = []

    async def read() -> str | None:
        said.append(f"> {lines[0]}")
        return lines.pop(0)

    try:
        walk = Walk(
            session, read=read, say=said.append, on_notice=lambda _: None, tty=False, width=300
        )
        await walk.run()
    finally:
        await asyncio.shield(session.down())
        record.close()

    def after(line: str, turn: int = 0) -> list[str]:
        starts = [n for n, one in enumerate(said) if one == f"> {line}"]
        rest = said[starts[turn] + 1 :]
        return rest[: next((n for n, one in enumerate(rest) if one.startswith("> ")), len(rest))]

    assert "Found: only bridge, host, none" in after("check")
    assert "Task 2 waits until an earlier task is done." in after("check")
    assert f"Found: {network} has a way out" in after("check", 1)
    assert any("--internal was left out" in line for line in after("check", 1))
    assert after("hint 1")[0] == "Hint 1 of 3 for task 1:"
    assert after("reset") == ["The step is as it was at its start."]
    assert after(f"run docker network create --internal {network}") == [
        "Task 1 is now done: 1 point.",
        "Task 2 can be done now.",
    ]
    assert after(f"run docker network connect {network} {worker}") == []
    assert after(f"run docker network disconnect bridge {worker}") == [
        "Task 2 is now done: 2 points.",
        "All tasks of this step are done. `next` goes on.",
    ]
    assert after("answer why 2")[0].startswith("Not right. It has one:")
    assert "Task 1: done, with 1 of 3 hints, 1 point." in after("status")
    assert said[-1] == "That was the last step of A network with no way out. " + (
        "Points: 2.8 earned of 3."
    )
    assert lines == ["never read"]
    printed = capfd.readouterr().out
    assert "scope link" in printed
    assert "default via" not in printed
