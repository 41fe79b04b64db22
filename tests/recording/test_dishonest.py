"""Records that claim more than was done: none of them is reproduced, and each is told why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from lab_engine.recording.cast import Cast, CastEvent
from lab_engine.recording.kept import fetch
from lab_engine.session.record import Moment, Record
from lab_engine.settings import Settings
from tests.recording.hands import passed, perform
from tests.recording.pair import Pair, Recorded, pair, told
from tests.recording.script import Script

pytestmark = [pytest.mark.bench, pytest.mark.slow]

Lines = list[tuple[str, str]]
HONEST: Lines = [
    ("$", "docker network create --subnet @{subnet} my_bridge"),
    ("$", "docker run -itd --net=my_bridge --name=c2 busybox"),
    ("$", "docker network connect my_bridge @{site}"),
]
MEND: Lines = [
    ("$", "docker restart -t 0 @{anchor}"),
    ("$", "docker restart -t 0 @{rider}"),
]


def script(lines: Lines, step: str = "my-bridge") -> Script:
    return Script("docker-networking", "dishonest", step, lines=lines)


def changed(recorded: Recorded, change: Callable[[CastEvent], CastEvent | None]) -> Recorded:
    """With each event of the recordings changed, or left out."""
    casts = [
        msgspec.structs.replace(
            cast,
            events=tuple(new for event in cast.events if (new := change(event)) is not None),
        )
        for cast in recorded.casts
    ]
    return replace(recorded, casts=casts)


def claiming(recorded: Recorded) -> Recorded:
    """With every verdict turned into a pass."""
    history = [msgspec.structs.replace(row, outcome="pass") for row in recorded.history]
    return replace(recorded, history=history)


async def no_input(both: Pair) -> Recorded:
    """The command that matters is taken out of the recording, its output stays."""
    recorded = await both.record(script(HONEST))
    assert recorded.passed == {"create", "c2", "by-name"}
    lines = 0

    def change(event: CastEvent) -> CastEvent | None:
        nonlocal lines
        here = lines
        if event.code == "i":
            lines += event.data.count("\r")
        return None if event.code == "i" and here == 2 else event

    return changed(recorded, change)


async def other_output(both: Pair) -> Recorded:
    """The work is wrong; the output and the verdicts are rewritten to look right."""
    recorded = await both.record(
        script([("$", "docker network create my_bridge"), ("$", "docker network ls")])
    )
    subnet = both.mine.variables.subnet  # type: ignore[attr-defined]

    def change(event: CastEvent) -> CastEvent:
        text = event.data.replace("my_bridge", f"my_bridge {subnet}")
        return msgspec.structs.replace(event, data=text) if event.code == "o" else event

    return claiming(changed(recorded, change))


async def nothing_done(both: Pair) -> Recorded:
    """Nothing was typed but `ls`; every verdict is claimed."""
    return claiming(await both.record(script([("$", "ls")])))


async def one_more(both: Pair) -> Recorded:
    """Two tasks of three are done, the third is claimed as well."""
    recorded = await both.record(script(HONEST[:2]))
    assert recorded.passed == {"create", "c2"}
    return claiming(recorded)


async def from_outside(both: Pair) -> Recorded:
    """Somebody makes it with `docker exec -u root`, beside the recorded shell."""
    began = time.time()
    await perform(both.mine, script(HONEST[:2]))
    done = both.mine.bench.run(
        ["docker", "network", "connect", "my_bridge", both.mine.variables.site]  # type: ignore[attr-defined]
    )
    assert done.exit_code == 0
    tasks = await passed(both.mine)
    assert tasks == {"create", "c2", "by-name"}
    return await _since(both, began, tasks)


async def solved_and_denied(both: Pair) -> Recorded:
    """The step was done by its solution, and the record says that it was earned."""
    began = time.time()
    await perform(both.mine, script([("$", "docker network ls")]))
    await both.mine.solving.solve()
    tasks = await passed(both.mine)
    recorded = await _since(both, began, tasks)
    history = [msgspec.structs.replace(row, given=False) for row in recorded.history]
    return replace(recorded, history=history)


async def other_order(both: Pair) -> Recorded:
    """The lines are put into another order, in which they do not work."""
    recorded = await both.record(script(MEND, "shared"))
    assert "mend" in recorded.passed
    (cast,) = recorded.casts
    line = 0
    placed: list[tuple[int, CastEvent]] = []
    for event in cast.events:
        placed.append((line, event))
        if event.code == "i":
            line += event.data.count("\r")
    times = [event.at for event in cast.events]
    swapped = [event for want in (1, 0, 2) for at, event in placed if at == want]
    events = tuple(
        msgspec.structs.replace(event, at=at) for event, at in zip(swapped, times, strict=True)
    )
    return replace(recorded, casts=[msgspec.structs.replace(cast, events=events)])


async def hidden_work(both: Pair) -> Recorded:
    """What was typed is said to have been hidden, as a password is."""
    recorded = await both.record(script(HONEST))

    def change(event: CastEvent) -> CastEvent:
        if event.code != "i":
            return event
        return msgspec.structs.replace(event, code="m", data='{"mark": "hidden"}')

    return changed(recorded, change)


async def other_program(both: Pair) -> Recorded:
    """The recording says that another program was started than the learner's shell."""
    recorded = await both.record(script([("$", "ls")]))
    work = "; ".join(line for _, line in HONEST)
    casts = [
        msgspec.structs.replace(cast, argv=("bash", "-c", f"{work}; exec bash -l"))
        for cast in recorded.casts
    ]
    return claiming(replace(recorded, casts=casts))


async def broken_mark(both: Pair) -> Recorded:
    """A mark was edited until nobody can read it."""
    recorded = await both.record(script(HONEST))
    return changed(
        recorded,
        lambda e: msgspec.structs.replace(e, data="{}") if e.code == "m" else e,
    )


async def _since(both: Pair, began: float, tasks: set[str]) -> Recorded:
    casts: list[Cast] = await asyncio.to_thread(fetch, both.mine.bench)
    record, me = both.mine.record, both.mine.id
    moments: list[Moment] = [m for m in record.moments(me) if m.at >= began]
    history = [row for row in record.history(me) if row.at >= began]
    return Recorded([c for c in casts if c.began >= began], moments, history, tasks)


USUAL = [
    (no_input, "diverged", "by-name was pass, is fail"),
    (from_outside, "diverged", "by-name was pass, is fail"),
    (solved_and_denied, "diverged", "was pass, is given"),
]
OTHERS = [
    (other_output, "diverged", "create was pass, is fail"),
    (nothing_done, "diverged", "create was pass, is fail"),
    (one_more, "diverged", "by-name was pass, is fail"),
    (other_order, "diverged", "mend was pass, is fail"),
    (hidden_work, "not replayable", "the terminal did not show"),
    (other_program, "not replayable", "not of a shell that infralab opens"),
    (broken_mark, "not replayable", "a mark in the recording cannot be read"),
]
Case = tuple[Callable[[Pair], object], str, str]


async def unmasked(both: Pair, cases: list[Case]) -> list[str]:
    wrong = []
    for make, outcome, says in cases:
        result = await both.replay(await make(both))  # type: ignore[misc]
        print(f"{result.outcome:14} {make.__name__}: {told(result)}", flush=True)
        if result.outcome != outcome or says not in result.message:
            wrong.append(f"{make.__name__}: {told(result)}")
    return wrong


@pytest.mark.timeout(600)
async def test_usual(image_tag: str, record: Record, settings: Settings) -> None:
    async with pair("docker-networking", record, settings) as both:
        assert await unmasked(both, list(USUAL)) == []


@pytest.mark.sessions
@pytest.mark.timeout(1200)
async def test_all(image_tag: str, record: Record, settings: Settings) -> None:
    async with pair("docker-networking", record, settings) as both:
        assert await unmasked(both, list(OTHERS)) == []


@pytest.mark.sessions
@pytest.mark.timeout(600)
async def test_a_recording_of_another_seed(
    image_tag: str, record: Record, settings: Settings
) -> None:
    async with pair("docker-networking", record, settings, seed="somebody else") as theirs:
        recorded = await theirs.record(script(HONEST))
        assert len(recorded.passed) == 3
    async with pair("docker-networking", record, settings) as both:
        result = await both.replay(recorded)
    assert result.outcome == "diverged", told(result)


@pytest.mark.sessions
@pytest.mark.timeout(600)
async def test_a_recording_from_another_lesson(
    image_tag: str, record: Record, settings: Settings
) -> None:
    volume = Script(
        "keeping-data", "", "volume-create", lines=[("$", "docker volume create my-named-volume")]
    )
    async with pair("keeping-data", record, settings) as theirs:
        recorded = await theirs.record(volume)
        assert recorded.passed == {"create"}
    async with pair("docker-networking", record, settings) as both:
        moments = [msgspec.structs.replace(m, step="my-bridge") for m in recorded.moments]
        history = [
            msgspec.structs.replace(row, step="my-bridge", task="create", outcome="pass")
            for row in recorded.history
        ]
        result = await both.replay(replace(recorded, moments=moments, history=history))
    assert result.outcome == "diverged", told(result)
