"""1, 10 and 50 containers on a network, beside docker compose and the engine's API alone."""

from __future__ import annotations

import argparse

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, timings

FLOOR = "the engine's API alone"
AIM_RATIO = 1.05


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    comparisons: list[Comparison] = []
    with place.bench("containers", daemons=("docker",)) as bench:
        place.inside(bench, "containers", 1, 1)  # what is loaded once
        for number in (1, 3) if args.quick else args.n:
            found = place.inside(bench, "containers", number, 1 if args.quick else args.rounds)
            for column, word in enumerate(("up", "down")):
                sides = {who: [pair[column] for pair in pairs] for who, pairs in found.items()}
                mine, *peers = timings(sides)
                aim = Aim(AIM_RATIO, "ratio", FLOOR)
                comparisons.append(Comparison(f"{number} {word}", mine, tuple(peers), aim))
                place.tell(comparisons[-1])
    return Result(
        "containers",
        measure.machine(before),
        tuple(comparisons),
        notes=(
            "Both find the image loaded and make a network; each container sleeps.",
            "Ours includes plan, ledger and waiting for each to run; compose is `up -d`, `down`.",
            "The engine's API alone asks for so many at once as is quickest, and for nothing else.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--rounds", type=int, default=5)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
