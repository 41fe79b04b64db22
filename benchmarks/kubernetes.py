"""A cluster of three nodes until all are Ready, beside plain kubeadm; needs its pack built."""

from __future__ import annotations

import argparse

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing

READY_SECONDS = 20.0


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    with place.bench("kubernetes", daemons=("docker",), packs=("kubernetes",)) as bench:
        found = place.inside(bench, "kubernetes", 1 if args.quick else args.rounds)
    times = {who: tuple(seconds) for who, seconds in found["times"].items()}
    plain = Timing("plain kubeadm", times["plain"])
    comparisons = (
        Comparison("three nodes Ready", Timing("infralab", times["ours"]), (plain,),
                   Aim(READY_SECONDS, "median")),
        Comparison("removed", Timing("infralab", times["removed"])),
    )  # fmt: skip
    return Result(
        "Kubernetes",
        measure.machine(before),
        comparisons,
        {"the first in a new bench, with the images unpacked": measure.told(found["first"])},
        (
            "Ours is a whole provisioning: plan, ledger, nodes, names answered, storage class.",
            "Plain: the same containers; each imports the images, and joins by a token. It ends "
            "as soon as all nodes are Ready.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=3)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
