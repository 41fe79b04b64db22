"""From the end of a learner's command to the verdict, with three VMs and ten containers."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from benchmarks import measure, place
from benchmarks.labs.busy_step import CONTAINERS, FILE, VMS
from benchmarks.measure import Aim, Comparison, Result, Timing
from lab_engine import settings
from lab_engine.bench import engine
from lab_engine.bench.container import Bench
from lab_engine.course.lesson import Lesson
from lab_engine.course.verdict import Verdict
from lab_engine.session.lookout import Lookout
from lab_engine.session.record import Record
from lab_engine.session.session import Session

COMMANDS = {
    "container": ("docker start web0", "docker stop -t 0 web0"),
    "link": ("sudo ip link add measured type bridge", "sudo ip link del measured"),
    "namespace": ("sudo ip netns add measured", "sudo ip netns del measured"),
    "file": (f"echo yes > {FILE}", f"rm {FILE}"),
    "vm": ("virsh -q start vm0", "virsh -q destroy vm0"),
}
"""What makes each task's check pass, and what makes it fail again."""
SHARES = {"container": 0.25, "link": 0.2, "namespace": 0.2, "file": 0.2, "vm": 0.15}
LIMITS = {"vm": 1.0}
LIMIT = 0.15
IDLE_SHARE = 0.01
PATIENCE = 15.0
PAUSE = 0.25
END = b"@@end "


class Shell:
    """A learner's bash in the bench that says when each command ended, by the machine's clock."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def open(cls, bench: Bench) -> Shell:
        argv = bench.exec_argv(["bash"], interactive=True)
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe))

    async def run(self, command: str) -> float:
        """Run it; its end in seconds since 1970. Raises Failed when it does not exit with 0."""
        assert self._process.stdin
        assert self._process.stdout
        line = f"{command} >/dev/null 2>/tmp/said; echo '{END.decode()}'$EPOCHREALTIME $?\n"
        self._process.stdin.write(line.encode())
        while said := await asyncio.wait_for(self._process.stdout.readline(), 60):
            if said.startswith(END):
                ended, code = said.removeprefix(END).split()
                if int(code):
                    raise place.Failed(f"{command} ended with {code.decode()}")
                return float(ended)
        raise place.Failed("the learner's shell ended")

    async def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()


class Screen:
    """Stands where the screen stands: takes verdicts, and remembers when each one changed."""

    def __init__(self) -> None:
        self.passed: dict[str, bool] = {}
        self.changed = asyncio.Event()
        self.at: dict[str, float] = {}

    def show(self, verdicts: list[Verdict]) -> None:
        now = time.time()
        for verdict in verdicts:
            if self.passed.get(verdict.task) != verdict.passed:
                self.passed[verdict.task] = verdict.passed
                self.at[verdict.task] = now
        self.changed.set()

    async def shows(self, task: str, passed: bool) -> float | None:
        """When it first showed that, or None if it did not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self.passed.get(task) is not passed:
                    self.changed.clear()
                    await self.changed.wait()
                return self.at[task]
        return None


def busy_lesson(folder: Path) -> Lesson:
    """A lesson whose only step is the busy one. What it says nobody reads."""
    folder.mkdir()
    head = '+++\ntitle = "Busy"\nsyllabus = []\nminutes = 1\n+++\n'
    (folder / "lesson.md").write_text(f"{head}Measured, not learned.\n")
    hint = "::: hint\nWatch.\n:::\n"
    tasks = [f":::: task {task}\nIt changes.\n{hint * 3}::::\n" for task in COMMANDS]
    (folder / "10-busy.md").write_text("\n".join([head, *tasks]))
    return Lesson(
        slug="busy-step",
        number="0",
        title="Busy",
        chapter="0",
        syllabus=(),
        minutes=1,
        needs=(),
        packs=(),
        folder=folder,
        where="busy",
        _labs="benchmarks.labs",
    )


@asynccontextmanager
async def busy_session() -> AsyncIterator[Session]:
    """A session in the busy step; its bench is removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        config = replace(settings.load(), data_dir=Path(folder), bench_memory=6 << 30)
        record = Record(config.data_dir / "progress.sqlite")
        lesson = busy_lesson(Path(folder) / "content")
        session = await Session.begin(
            lesson, record, config, seed="measure", session=place.session("latency")
        )
        try:
            place.prefer(session.bench)
            await session.enter("busy")
            yield session
        finally:
            await session.down()
            record.close()


def order(events: int) -> list[str]:
    """Which task each event is about: all kinds in turn, and those of VMs at the end.

    A VM that boots keeps a core busy for seconds under emulation, which is not the state that is
    to be measured for the others. Each kind gets an even number: there and back.
    """
    shares = {task: max(1, round(events * share / 2)) * 2 for task, share in SHARES.items()}
    quick = [task for task in shares if task != "vm"]
    longest = max(shares[task] for task in quick)
    mixed = [task for number in range(longest) for task in quick if number < shares[task]]
    return [*mixed, *(["vm"] * shares["vm"])]


async def events(session: Session, screen: Screen, count: int) -> dict[str, list[float | None]]:
    """Seconds from the end of each command to its verdict; None where none came in time."""
    found: dict[str, list[float | None]] = {task: [] for task in COMMANDS}
    wanted = dict.fromkeys(COMMANDS, False) | {"container": True, "vm": True}
    if screen.passed != wanted:
        raise place.Failed(f"the step begins with {screen.passed}")
    shell = await Shell.open(session.bench)
    try:
        for task in order(count):
            passed = wanted[task] = not wanted[task]
            ended = await shell.run(COMMANDS[task][0 if passed else 1])
            shown = await screen.shows(task, passed)
            # A verdict may come before the command has ended: then nobody waited.
            found[task].append(None if shown is None else max(0.0, shown - ended))
            await asyncio.sleep(PAUSE)
    finally:
        await shell.close()
    return found


def agent_seconds(bench: Bench) -> float:
    """CPU seconds that the agent's process has used."""
    script = (
        'for p in $(pgrep -f "lab_engine.agen[t]"); do cat /proc/$p/stat; done 2>/dev/null || :'
    )
    ticks = 0
    for line in place.do(bench, ["sh", "-c", script]).splitlines():
        fields = line.rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def bench_seconds(bench: Bench) -> float:
    """CPU seconds of everything in the bench, guests and containers included."""
    stats = engine.connect().api.stats(bench.id, stream=False, one_shot=True)
    return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


async def idle(bench: Bench, seconds: float) -> dict[str, float]:
    """Share of one core that the agent, this client, and the whole bench use."""

    def now() -> tuple[float, float]:
        return bench_seconds(bench), agent_seconds(bench)

    bench_before, agent_before = await asyncio.to_thread(now)
    own_before, began = time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    own, took = time.process_time() - own_before, time.monotonic() - began
    bench_after, agent_after = await asyncio.to_thread(now)
    return {
        "client": own / took,
        "agent": (agent_after - agent_before) / took,
        "bench": (bench_after - bench_before) / took,
    }


async def measured(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    count, seconds = (12, 5.0) if args.quick else (args.events, args.idle)
    async with busy_session() as session:
        accelerator = place.inside_accelerator(session.bench)
        await asyncio.sleep(2 if args.quick else 10)
        unwatched = await idle(session.bench, seconds)
        screen = Screen()
        watch = asyncio.create_task(Lookout(session, screen.show).run())
        try:
            await asyncio.wait_for(screen.changed.wait(), PATIENCE)
            await asyncio.sleep(5)
            watched = await idle(session.bench, seconds)
            found = await events(session, screen, count)
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
    comparisons, missed = compared(found)
    step = watched["agent"] + watched["client"]
    facts = {
        "no verdict in time": f"{missed} of {sum(map(len, found.values()))} events",
        "idle step, agent and client": f"{step:.2%} of a core "
        f"(agent {watched['agent']:.2%}, client {watched['client']:.2%}) over {seconds:g} s; "
        f"aim under {IDLE_SHARE:.0%}: {'met' if step < IDLE_SHARE else 'missed'}",
        "the whole bench": f"{watched['bench']:.2%} of a core with checks that wait for events, "
        f"{unwatched['bench']:.2%} without",
    }
    return Result(
        "event to verdict",
        measure.machine(before, accelerator),
        comparisons,
        facts,
        (f"{CONTAINERS} containers and {VMS} VMs run. From the end of the command in the bench to "
         "the verdict at the client, the screen's drawing not included.",),
    )  # fmt: skip


def compared(found: dict[str, list[float | None]]) -> tuple[tuple[Comparison, ...], int]:
    """One line a kind of event and one for all but VMs; how many had no verdict."""
    whole = {task: tuple(s for s in times if s is not None) for task, times in found.items()}
    others = sum((times for task, times in whole.items() if task != "vm"), ())
    lines = [
        Comparison(task, Timing("infralab", times), (), Aim(LIMITS.get(task, LIMIT), "p95"))
        for task, times in (*whole.items(), ("all but VMs", others))
        if times
    ]
    return tuple(lines), sum(s is None for times in found.values() for s in times)


def run(args: argparse.Namespace) -> Result:
    return asyncio.run(measured(args))


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--idle", type=float, default=30.0, help="seconds")


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
