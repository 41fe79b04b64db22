"""10 to 1,000 namespaces with a cable to a bridge, beside `ip` commands and Mininet."""

from __future__ import annotations

import argparse

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, timings
from lab_engine.bench.container import Bench
from lab_engine.errors import BenchError

PEER = "Mininet"
AIMS = {(10, "up"): 0.35, (10, "down"): 0.5, (100, "up"): 0.35, (100, "down"): 0.3}
"""Of Mininet's time, by number and direction."""
SMALL = 100
"""What the largest number is held against for the growth of the time."""
MOST_FOR_PEERS = 500
"""Beyond, Mininet and the commands need minutes."""
ONCE_FROM = 500
"""So many take so long that one round must do."""


def install_mininet(bench: Bench) -> str:
    """Why Mininet is not there, or nothing. It goes away with the bench."""
    command = "apt-get update -qq && apt-get install -y -qq --no-install-recommends mininet"
    try:
        place.do(bench, ["sh", "-c", f"DEBIAN_FRONTEND=noninteractive; {command}"], timeout=300)
    except (place.Failed, BenchError) as error:
        return str(error).strip().splitlines()[-1]
    return ""


def linearity(comparisons: list[Comparison], small: int, large: int, word: str = "up") -> str:
    """The time for one namespace at `large` by that at `small`; 1 is linear."""
    by_name = {one.what: one.ours.median for one in comparisons}
    each = [by_name[f"{number} {word}"] / number for number in (small, large)]
    return (
        f"{each[1] / each[0]:.2f} "
        f"({each[0] * 1000:.2f} ms each at {small}, {each[1] * 1000:.2f} ms each at {large})"
    )


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    comparisons: list[Comparison] = []
    notes = ["Each has a veth cable to one bridge, an address, and loopback up."]
    numbers = [3, 10] if args.quick else args.n
    with place.bench("namespaces", internet=not args.no_mininet) as bench:
        missing = "not asked for" if args.no_mininet else install_mininet(bench)
        if missing:
            notes.append(f"Without Mininet: {missing}")
        place.inside(bench, "namespaces", 2, 1)  # what is loaded once
        for number in numbers:
            peers = ["ip commands", *([] if missing else [PEER])]
            if number > args.peers_up_to:
                peers = []
            rounds = 1 if args.quick or (peers and number >= ONCE_FROM) else args.rounds
            found = place.inside(bench, "namespaces", number, rounds, *peers)
            for column, word in enumerate(("up", "down")):
                sides = {who: [pair[column] for pair in pairs] for who, pairs in found.items()}
                mine, *others = timings(sides)
                most = AIMS.get((number, word))
                aim = Aim(most, "ratio", PEER) if most else None
                comparisons.append(Comparison(f"{number} {word}", mine, tuple(others), aim))
                place.tell(comparisons[-1])
    low, high = min(numbers, key=lambda n: abs(n - SMALL)), max(numbers)
    return Result(
        "namespaces",
        measure.machine(before),
        tuple(comparisons),
        {
            f"time for one namespace {word}, large by small": linearity(
                comparisons, low, high, word
            )
            for word in ("up", "down")
        },
        tuple(notes),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, nargs="+", default=[10, 100, 500, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-up-to", type=int, default=MOST_FOR_PEERS, metavar="N")
    parser.add_argument("--no-mininet", action="store_true", help="without installing it")


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
