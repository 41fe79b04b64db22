"""kill -9 at random moments of every verb: `python -m tests.crash.matrix [--tries N] [--seed S]`.

After each kill: the session can be gone on with, or infralab says what to do and that works; the
learner's file, container and volume are there; and nothing is left but the session, once `gc` was
here. Prints a line for each verb: tries, faults.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.crash.world import LESSON, World

MOST_AGAIN: Final = 20


@dataclass
class Case:
    """A verb with its words; `share` is how many of 200 tries it gets.

    `longest` is a guess in seconds at how long it takes, which is corrected when it ends first.
    """

    name: str
    words: list[str]
    share: int
    longest: float
    before: Callable[[World], None] = World.ready
    keeps: bool = True
    """Whether the session and the work in it must still be there."""


def nothing(world: World) -> None:
    """Have no session at all."""
    if world.open_sessions():
        ended = world.verb("down", "--all")
        assert ended.code == 0, ended.text


def a_stale_bench(world: World) -> None:
    """What a killed proof leaves, so that there is something to sweep."""
    world.ready()
    world.killed(["prove", "namespaces", "--step", "uts"], 4.0)


def another_edition(world: World) -> None:
    """Have no image of this edition's code: another one, so that its layer is built."""
    world.edit()


CASES: Final = (
    Case("up, a new session", ["up", LESSON], 30, 9.0, nothing, keeps=False),
    Case("up, the open one", ["up", LESSON], 16, 3.0),
    Case("check", ["check"], 24, 2.5),
    Case("run", ["run", "--", "sh", "-c", "docker ps; sleep 1"], 14, 2.0),
    Case("repair", ["repair"], 20, 3.0),
    Case("replay", ["replay"], 20, 15.0, World.recorded),
    Case("prove", ["prove", "namespaces", "--step", "uts"], 20, 20.0),
    Case("down", ["down"], 20, 3.0, keeps=False),
    Case("learn", ["learn"], 20, 8.0),
    Case("gc", ["GC"], 8, 3.0, a_stale_bench),
    Case("image build", ["image", "build"], 8, 8.0, another_edition, keeps=False),
)


@dataclass
class Tally:
    tries: int = 0
    faults: list[str] = field(default_factory=list)


def one(world: World, case: Case, moment: random.Random) -> tuple[float, list[str]]:
    """Kill it once; when, and what was wrong afterwards."""
    for _ in range(MOST_AGAIN):
        case.before(world)
        after = moment.uniform(0.02, case.longest)
        began = time.monotonic()
        if world.killed(case.words, after):
            break
        case.longest = max(0.1, min(case.longest, time.monotonic() - began))
    else:
        raise AssertionError(f"{case.name} always ended first")
    faults: list[str] = []
    if case.keeps:
        faults += world.usable() + world.lost()
    elif case.name == "image build":
        again = world.verb("image", "build")
        if again.code:
            faults.append(f"image build ends with {again.code}: {again.text[-600:]}")
        faults += world.half_built()
    elif case.name == "down":
        again = world.verb("down")
        if again.code not in (0, 2) or (again.code == 2 and not again.told):
            faults.append(f"down ends with {again.code}: {again.text[-600:]}")
    else:
        again = world.verb("up", LESSON)
        if again.told:
            # Such as on a machine that is so busy that the agent is taken for frozen.
            again = world.verb("up", LESSON)
        if again.code:
            faults.append(f"up ends with {again.code}: {again.text[-600:]}")
        faults += world.usable()
    faults += world.left()
    if faults:
        # Each fault counts once: the next try begins with a clean slate.
        world.verb("down", "--all")
        world.left()
        for path in world.temp.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return after, faults


def run(folder: Path, tries: int, seed: int, wanted: list[str] | None = None) -> dict[str, Tally]:
    """Kill so many times, shared among the verbs; what was wrong, by verb.

    Leaves nothing, whatever happens.
    """
    moment = random.Random(seed)
    cases = [case for case in CASES if wanted is None or case.name.split(",")[0] in wanted]
    whole = sum(case.share for case in cases)
    tallies = {case.name: Tally() for case in cases}
    world = World(folder)
    try:
        for case in cases:
            for _ in range(max(1, round(tries * case.share / whole))):
                after, faults = one(world, case, moment)
                tally = tallies[case.name]
                tally.tries += 1
                tally.faults += [f"after {after:.2f} s: {fault}" for fault in faults]
                print(f"{case.name}, {after:.2f} s: {'; '.join(faults) or 'ok'}", flush=True)
    finally:
        world.verb("down", "--all")
        world.left()
    return tallies


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.matrix", description=__doc__)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verb", action="append", help="only this one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        tallies = run(Path(folder), args.tries, args.seed, args.verb)
    for name, tally in tallies.items():
        print(f"{name:<20} {tally.tries:>4} tries {len(tally.faults):>4} faults")
    return 1 if any(tally.faults for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
