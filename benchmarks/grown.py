"""How time, memory and descriptors grow with benches, containers, namespaces, boxes of a picture.

`--plot FOLDER` draws a curve for each (`pip install matplotlib`).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks import measure, place
from benchmarks.measure import Comparison, Result, Timing
from lab_engine.bench import engine
from lab_engine.bench.connection import Connection, relay_argv
from lab_engine.bench.container import Bench
from lab_engine.families.drawing import Edge, Node, Picture
from lab_engine.tui.topology.layout import draw

BENCHES: Final = (1, 2, 4, 8)
CONTAINERS: Final = (1, 10, 25, 50, 100)
NAMESPACES: Final = (10, 100, 300, 1000)
BOXES: Final = (10, 30, 100, 300)
SMALL: Final = {"benches": (1, 2), "containers": (1, 3), "namespaces": (3, 10), "boxes": (10, 30)}
"""With `--quick`."""
WIDTH: Final = 100
"""Columns of the picture."""


class Point(msgspec.Struct, frozen=True):
    """What so many of a kind took. `bytes` and `descriptors` are what came on top, the median."""

    number: int
    seconds: tuple[float, ...]
    bytes: float = 0.0
    descriptors: float = 0.0

    @property
    def each(self) -> float:
        """Seconds for one of them."""
        return statistics.median(self.seconds) / self.number


def benches(number: int, rounds: int) -> Point:
    """So many at once, with Docker, until all are ready; at the top what they hold."""
    seconds, held, descriptors = [], [], []
    for turn in range(rounds):
        with ExitStack() as stack:

            def make(one: int, turn: int = turn, stack: ExitStack = stack) -> Bench:
                name = place.session(f"grown{turn}-{one}")
                made = Bench.create(name, daemons=("docker",), idle_seconds=600)
                stack.callback(made.remove)
                place.do(made, [f"{place.START}docker"])
                return made

            began = time.perf_counter()
            with ThreadPoolExecutor(number) as pool:
                made = list(pool.map(make, range(number)))
            seconds.append(time.perf_counter() - began)
            held.append(sum(_held(bench) for bench in made))
            descriptors.append(asyncio.run(_connected(made)))
    return Point(number, tuple(seconds), statistics.median(held), statistics.median(descriptors))


async def _connected(made: Sequence[Bench]) -> int:
    """Descriptors of a client that is connected to all of them, more than before."""
    before = _descriptors()
    connections = [Connection(relay_argv(bench)) for bench in made]
    try:
        for connection in connections:
            await connection.open()
        return _descriptors() - before
    finally:
        for connection in connections:
            await connection.close()


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _held(bench: Bench) -> int:
    """Bytes of a bench, without files that the kernel could forget, as docker-stats(1) says."""
    memory = engine.connect().api.stats(bench.id, stream=False)["memory_stats"]
    stat = memory["stats"]
    return int(memory["usage"]) - int(stat.get("total_inactive_file", stat.get("inactive_file", 0)))


def boxes(number: int, rounds: int) -> Point:
    """The picture of so many containers on one bridge, laid out anew each time."""
    nodes = [Node("bridge/lan", "bridge", "lan")]
    nodes += [Node(f"container/web{n}", "container", f"web{n}", "running") for n in range(number)]
    edges = [
        Edge(f"container/web{n}", "bridge/lan", f"10.0.{n >> 8}.{n & 255}") for n in range(number)
    ]
    seconds = []
    for _ in range(max(rounds, 5)):
        picture = Picture(tuple(nodes), tuple(edges))
        began = time.perf_counter()
        draw(picture, WIDTH, now=began)
        seconds.append(time.perf_counter() - began)
    return Point(number, tuple(seconds))


def in_bench(bench: Bench, kind: str, number: int, rounds: int) -> tuple[Point, Point]:
    """Up, and down."""
    found = place.inside(bench, "grown", kind, number, rounds)

    def middle(key: str) -> float:
        return float(statistics.median(one[key] for one in found))

    up = tuple(one["up"] for one in found)
    down = tuple(one["down"] for one in found)
    return Point(number, up, middle("bytes"), middle("descriptors")), Point(number, down)


def curves(args: argparse.Namespace) -> dict[str, list[Point]]:
    """Each kind with its points, the smallest number first."""
    rounds = 1 if args.quick else args.rounds
    found: dict[str, list[Point]] = {}

    def note(kind: str, point: Point) -> None:
        found.setdefault(kind, []).append(point)
        place.tell(_comparison(kind, point))

    for number in _numbers(args, "boxes", BOXES):
        note("boxes", boxes(number, rounds))
    for number in _numbers(args, "benches", BENCHES):
        note("benches", benches(number, rounds))
    for kind, numbers, daemons in (
        ("containers", CONTAINERS, ("docker",)),
        ("namespaces", NAMESPACES, ()),
    ):
        with place.bench(f"grown-{kind}", daemons=daemons) as bench:
            place.inside(bench, "grown", kind, 1, 1)  # what is loaded once
            for number in _numbers(args, kind, numbers):
                up, down = in_bench(bench, kind, number, rounds)
                note(kind, up)
                note(f"{kind} down", down)
    return found


def _numbers(args: argparse.Namespace, kind: str, numbers: Sequence[int]) -> Sequence[int]:
    return SMALL[kind] if args.quick else numbers


def _comparison(kind: str, point: Point) -> Comparison:
    return Comparison(f"{point.number} {kind}", Timing("infralab", point.seconds))


def growth(points: Sequence[Point]) -> str:
    """What one costs at the largest number by what it costs at the one before; 1 is linear."""
    before, last = points[-2:]
    text = f"{last.each / before.each:.2f} ({last.number} by {before.number})"
    if last.bytes:
        text += f"; {last.bytes / last.number / 2**20:.1f} MiB each"
    if last.descriptors:
        text += f"; {last.descriptors:.0f} descriptors, {before.descriptors:.0f} before"
    return text


def plot(found: dict[str, list[Point]], folder: Path) -> list[Path]:
    """A file a kind: seconds, MiB and descriptors over the number, with a straight line beside."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same file of the same numbers: no time of day, no random names.
    mpl.rcParams["svg.hashsalt"] = "infralab"
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    sides: tuple[tuple[str, Callable[[Point], float]], ...] = (
        ("seconds", lambda point: statistics.median(point.seconds)),
        ("MiB", lambda point: point.bytes / 2**20),
        ("descriptors", lambda point: point.descriptors),
    )
    made = []
    for kind in [kind for kind in found if not kind.endswith(" down")]:
        shown = [(name, value) for name, value in sides if value(found[kind][-1])]
        figure, axes = pyplot.subplots(1, len(shown), figsize=(4 * len(shown), 3), squeeze=False)
        for axis, (name, value) in zip(axes[0], shown, strict=True):
            _curve(axis, found[kind], value, "up" if f"{kind} down" in found else "")
            if name == "seconds" and f"{kind} down" in found:
                _curve(axis, found[f"{kind} down"], value, "down")
                axis.legend()
            axis.set(xlabel=kind, ylabel=name, xlim=(0, None), ylim=(0, None))
        figure.tight_layout()
        target = folder / f"grown-{kind}.svg"
        figure.savefig(target, metadata={"Date": None})
        pyplot.close(figure)
        made.append(target)
    return made


def _curve(axis: Any, points: Sequence[Point], value: Callable[[Point], float], name: str) -> None:
    numbers = [point.number for point in points]
    (line,) = axis.plot(numbers, [value(point) for point in points], "o-", label=name or None)
    # Through the second largest: what lies above it at the end grows faster than linear.
    at = points[-2]
    straight = [value(at) / at.number * number for number in (0, numbers[-1])]
    axis.plot((0, numbers[-1]), straight, ":", color=line.get_color())


def run(args: argparse.Namespace) -> Result:
    if args.plot and find_spec("matplotlib") is None:
        # Not after the minutes that the measuring takes.
        raise SystemExit("--plot needs matplotlib: `pip install matplotlib`, or leave --plot out.")
    before = measure.load_now()
    found = curves(args)
    notes = [
        "Benches: with Docker, all at once, until each is ready.",
        "Containers, namespaces: as in benchmarks.containers and benchmarks.namespaces.",
        f"Boxes: containers on one bridge, laid out for {WIDTH} columns.",
        "Descriptors: of the process that makes them; of a client that is connected to each bench.",
    ]
    if args.plot:
        notes += [f"Plot: {target.name}" for target in plot(found, args.plot)]
    return Result(
        "grown",
        measure.machine(before),
        tuple(_comparison(kind, point) for kind, points in found.items() for point in points),
        {f"one of many {kind} against fewer": growth(points) for kind, points in found.items()},
        tuple(notes),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="draw the curves as SVG")


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
