"""A VM until its guest answers, cold and restored, beside bare QEMU with the same kernel."""

from __future__ import annotations

import argparse

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing

COLD_RATIO = 1.1
RESTORED_RATIO = 0.15


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    with place.bench("vms", daemons=("libvirt",)) as bench:
        found = place.inside(bench, "vms", 1 if args.quick else args.rounds)
    times = {who: tuple(seconds) for who, seconds in found["times"].items()}
    bare = Timing("bare QEMU", times["bare"])
    cold = Timing("libvirt, cold", times["cold"])
    restored = Timing("infralab, restored", times["restored"])
    stream = Timing("bare QEMU from its own file", times["stream"])
    mapped = Timing("bare QEMU from its own file, mapped-ram", times["mapped"])
    comparisons = (
        Comparison("cold boot", cold, (bare,), Aim(COLD_RATIO, "ratio", bare.who)),
        Comparison("from a saved state", restored, (cold, bare, stream, mapped),
                   Aim(RESTORED_RATIO, "ratio", cold.who)),
        Comparison("removed", Timing("infralab", times["removed"])),
    )  # fmt: skip
    facts = {"accelerator": f"{found['accelerator']} ({found['reason']})"}
    if not found["kept"]:
        facts["boot and save, when no state is kept yet"] = measure.told(found["first"])
    return Result(
        "VMs",
        measure.machine(before, found["accelerator"]),
        comparisons,
        facts,
        (
            "Small guest, 192 MiB, 1 vCPU, no network card; until its guest agent answers a ping.",
            "Restored is a whole provisioning: plan, ledger, define, restore, new identity.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
