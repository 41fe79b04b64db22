"""Type a session again in a fresh bench with its seed, and compare the verdicts (client side)."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from lab_engine.bench.container import Bench
from lab_engine.errors import InfralabError
from lab_engine.lesson import Lesson
from lab_engine.record import Moment, Record, SessionRow
from lab_engine.recording.cast import Cast, Group, groups, read_cast
from lab_engine.recording.tokens import Tokens
from lab_engine.session import Session
from lab_engine.settings import Settings
from lab_engine.verdict import Outcome, Verdict

FOLDER: Final = "/var/lib/infralab/recordings"
REPLAYER: Final = "/opt/infralab/lib/lab_engine/recording/replayer.py"
LEAST_SECONDS: Final = 8.0
MOST_SECONDS: Final = 120.0
SLOWER: Final = 6.0
"""A fresh bench may be so many times slower than the learner's was."""
ANSWER_SECONDS: Final = MOST_SECONDS + 30

Outcome3 = Literal["reproduced", "diverged", "not replayable"]
Say = Callable[[str], None]


class StepResult(msgspec.Struct, frozen=True):
    """One step: the tasks' outcomes in the record and in the replay."""

    step: str
    recorded: dict[str, str]
    replayed: dict[str, str]
    evidence: dict[str, str] = {}

    @property
    def same(self) -> bool:
        """Whether each task passed in both or in neither."""
        return all(
            (self.recorded.get(task) == Outcome.PASS) == (outcome == Outcome.PASS)
            for task, outcome in self.replayed.items()
        )


class Replayed(msgspec.Struct, frozen=True):
    """How a replay ended. `message` says where it diverged, or what could not be replayed."""

    session: str
    outcome: Outcome3
    message: str
    steps: tuple[StepResult, ...]
    commands: int
    seconds: float


class NotReplayable(InfralabError):
    """What cannot be typed again as it was: it goes to a person, with the evidence so far."""


def fetch(bench: Bench) -> list[Cast]:
    """The recordings of a bench, oldest first. Raises BenchError, InfralabError."""
    done = bench.run(
        ["sh", "-c", f"cd {FOLDER} 2>/dev/null && tar -cf - . || tar -cf - -T /dev/null"]
    )
    casts = []
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member) if member.isfile() else None
            if file and member.name.endswith(".cast"):
                casts.append(read_cast(Path(member.name).name, file.read()))
    return sorted(casts, key=lambda cast: cast.began)


def keep(folder: Path, casts: Sequence[Cast]) -> None:
    """Write the recordings where a removed bench does not take them along."""
    folder.mkdir(parents=True, exist_ok=True)
    for cast in casts:
        (folder / f"{cast.name}.json").write_bytes(msgspec.json.encode(cast))


def kept(folder: Path) -> list[Cast]:
    found = [
        msgspec.json.decode(path.read_bytes(), type=Cast) for path in folder.glob("*.cast.json")
    ]
    return sorted(found, key=lambda cast: cast.began)


class Replay:
    """One replay: a fresh session, the replayer in its bench, and what was learned of tokens."""

    def __init__(self, session: Session, casts: Sequence[Cast], say: Say) -> None:
        self.session = session
        self.casts = casts
        self.say = say
        self.tokens = Tokens()
        self.commands = 0
        self._opened: set[int] = set()
        self._process: asyncio.subprocess.Process | None = None

    async def _replayer(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *self.session.bench.exec_argv(
                    ["/usr/bin/python3", "-I", "-S", REPLAYER],
                    user="root",
                    interactive=True,
                    workdir="/",
                    env={"TERM": "xterm-256color", "LANG": "C.UTF-8"},
                ),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=64 << 20,
            )
        return self._process

    async def _order(self, **order: Any) -> dict[str, Any]:
        process = await self._replayer()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order).encode() + b"\n")
        await process.stdin.drain()
        line = await asyncio.wait_for(process.stdout.readline(), ANSWER_SECONDS)
        if not line:
            raise InfralabError("the replayer in the bench ended", hint="Run the replay again.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def type(self, group: Group) -> None:
        """Type one group and wait for what followed it. Raises NotReplayable."""
        if group.hidden:
            raise NotReplayable(
                "something was typed that the terminal did not show, such as a password"
            )
        if group.shell not in self._opened:
            cast = self.casts[group.shell]
            self._opened.add(group.shell)
            await self._order(
                shell=group.shell, open=list(cast.argv), rows=cast.rows, columns=cast.columns
            )
        text, doubtful = self.tokens.put(group.text)
        if doubtful:
            raise NotReplayable(f"{doubtful[0]!r} was typed, which may stand for several things")
        answer = await self._order(
            shell=group.shell,
            type=text,
            prompt=group.prompt,
            busy=group.busy,
            limit=min(MOST_SECONDS, max(LEAST_SECONDS, group.seconds * SLOWER)),
            tail=group.output[-400:],
        )
        self.commands += 1
        self.tokens.learn(group.output, str(answer["output"]))
        if not answer["reached"]:
            self.say(f"after {group.text.strip()[:60]!r} the terminal is not where it was")

    async def close(self) -> None:
        if self._process:
            if self._process.stdin:
                self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


async def replay(
    lesson: Lesson,
    row: SessionRow,
    casts: Sequence[Cast],
    record: Record,
    scratch: Record,
    settings: Settings,
    say: Say = lambda _: None,
) -> Replayed:
    """Do again what a session did, in a bench of its own that is removed at the end.

    Args:
        lesson: the session's lesson.
        row: the session.
        casts: its recordings.
        record: where its moments and verdicts are.
        scratch: where the replay's own session is recorded.
        settings: for the bench.
        say: told what goes on.

    Raises InfralabError when the bench cannot be made.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    moments = record.moments(row.id)
    session = await Session.begin(lesson, scratch, settings, seed=row.seed, mode="replay")
    work = Replay(session, casts, say)
    results: list[StepResult] = []

    def ended(outcome: Outcome3, message: str) -> Replayed:
        return Replayed(
            row.id, outcome, message, tuple(results), work.commands, loop.time() - began
        )

    try:
        for number, visit in enumerate(_visits(moments, casts), 1):
            await _visit(work, visit)
            result = await _compare(session, record, row.id, visit)
            results.append(result)
            if not result.same:
                return ended("diverged", f"diverged at step {number} ({visit.step}): "
                             + _difference(result))  # fmt: skip
    except NotReplayable as error:
        return ended("not replayable", f"not replayable: {error.message}")
    finally:
        await work.close()
        await asyncio.shield(session.down())
    if not results:
        return ended("not replayable", "not replayable: nothing was recorded")
    return ended("reproduced", "reproduced")


class _Visit(msgspec.Struct, frozen=True):
    """One stay in a step: what was typed and asked for in it, in time order."""

    step: str
    began: float
    ended: float
    acts: tuple[Group | Moment, ...]


def _visits(moments: Sequence[Moment], casts: Sequence[Cast]) -> list[_Visit]:
    cuts = [moment.at for moment in moments]
    typed = [group for n, cast in enumerate(casts) for group in groups(cast, n, cuts)]
    enters = [moment for moment in moments if moment.what == "enter"]
    visits = []
    for enter, after in zip(enters, [*enters[1:], None], strict=True):
        end = after.at if after else float("inf")
        acts: list[Group | Moment] = [
            *(group for group in typed if enter.at <= group.at < end),
            *(m for m in moments if m.what in ("reset", "solve") and enter.at < m.at < end),
        ]
        acts.sort(key=lambda act: act.at)
        visits.append(_Visit(enter.step, enter.at, end, tuple(acts)))
    return visits


async def _visit(work: Replay, visit: _Visit) -> None:
    await work.session.enter(visit.step)
    work.say(f"step {visit.step}: {len(visit.acts)} inputs")
    for act in visit.acts:
        if isinstance(act, Group):
            await work.type(act)
        elif act.what == "reset":
            await work.session.reset()
        else:
            await work.session.solve()


async def _compare(session: Session, record: Record, original: str, visit: _Visit) -> StepResult:
    recorded = record.outcomes(original, visit.step, visit.began, visit.ended)
    step = session.lab_step()
    deadline = asyncio.get_running_loop().time() + max(
        [2.0, *(check.settle for check in step.checks)]
    )
    while True:
        verdicts, _ = await session.verdicts()
        result = StepResult(
            visit.step,
            recorded,
            {v.task: v.outcome.value for v in verdicts},
            {v.task: _told(v) for v in verdicts if not v.passed},
        )
        if result.same or asyncio.get_running_loop().time() > deadline:
            return result
        await asyncio.sleep(0.2)


def _told(verdict: Verdict) -> str:
    if verdict.evidence:
        return f"expected: {verdict.evidence.expected} observed: {verdict.evidence.observed}"
    return verdict.message


def _difference(result: StepResult) -> str:
    parts = []
    for task, now in result.replayed.items():
        was = result.recorded.get(task, "never checked")
        if (was == Outcome.PASS) != (now == Outcome.PASS):
            told = result.evidence.get(task, "")
            parts.append(f"task {task} was {was}, is {now}" + (f" ({told})" if told else ""))
    return "; ".join(parts)
