"""A bench that is ready (Docker, a lesson's images) beside `docker run` and starting by hand."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import time

from benchmarks import measure, place
from benchmarks.measure import Aim, Comparison, Result, Timing
from lab_engine import protocol as p
from lab_engine.bench import cache, engine, image
from lab_engine.bench.connection import Connection, relay_argv
from lab_engine.bench.container import Bench
from lab_engine.families.docker.resources import Image

IMAGES = ("busybox", "myapp")
MEMORY = 4 << 30
AIM_SECONDS = 2.0


async def ours(name: str, tag: str, daemons: tuple[str, ...]) -> tuple[float, float]:
    """Seconds until the lesson's images are there, and until the bench is gone again."""
    began = time.perf_counter()
    bench = Bench.create(name, memory=MEMORY, daemons=daemons, tag=tag)
    connection = Connection(relay_argv(bench))
    try:
        await connection.open()
        await connection.request(p.StartDaemons, dict[str, bool], daemons=("docker",))
        wanted = tuple(Image(one) for one in IMAGES)
        await connection.request(p.Provision, p.ProvisionReport, resources=wanted)
        ready = time.perf_counter() - began
    finally:
        await connection.close()
        began = time.perf_counter()
        bench.remove()
    return ready, time.perf_counter() - began


def run_command(name: str, tag: str) -> list[str]:
    """`docker run` with the walls of a bench, as one would type it."""
    words = ["docker", "run", "-d", "--name", name, "--hostname", "bench", *place.walls_words()]
    words += ["--network", "none", "--shm-size", "256m"]
    words += ["--memory", str(MEMORY), "--memory-swap", str(MEMORY)]
    words += ["-v", "/var/lib/docker", "-v", "/var/lib/infralab"]
    words += ["-v", f"{cache.VOLUME}:{cache.MOUNT}:ro", "-e", f"INFRALAB_SESSION={name}", tag]
    return words


def by_hand(name: str, tag: str) -> tuple[float, float]:
    """The same typed at a shell: run, start-docker, docker load for each image."""

    def sh(*words: str) -> None:
        subprocess.run(words, check=True, capture_output=True, timeout=120)

    began = time.perf_counter()
    try:
        sh(*run_command(name, tag))
        sh("sh", "-c", f"until docker logs {name} | grep -q prepared; do sleep 0.02; done")
        sh("docker", "exec", name, f"{place.START}docker")
        for one in IMAGES:
            file = f"/usr/lib/infralab/images/{one}.tar"
            sh("docker", "exec", name, "docker", "load", "-q", "-i", file)
        ready = time.perf_counter() - began
    finally:
        began = time.perf_counter()
        subprocess.run(["docker", "rm", "-fv", name], check=False, capture_output=True, timeout=120)
    return ready, time.perf_counter() - began


def run(args: argparse.Namespace) -> Result:
    before = measure.load_now()
    tag = image.ensure_image()
    cache.ensure_volume(engine.connect())
    sides = ("infralab", "daemons on demand", "by hand")
    up: dict[str, list[float]] = {side: [] for side in sides}
    down: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(1 if args.quick else args.rounds):
        name = place.session(f"ready{number}")
        for side, times in (
            ("infralab", asyncio.run(ours(name, tag, ("docker",)))),
            ("daemons on demand", asyncio.run(ours(name, tag, ()))),
            ("by hand", by_hand(f"infralab-{name}", tag)),
        ):
            up[side].append(times[0])
            down[side].append(times[1])
    mine, demand, hand = (Timing(side, tuple(up[side])) for side in sides)
    gone = [Timing(side, tuple(down[side])) for side in sides]
    return Result(
        "bench ready",
        measure.machine(before),
        (
            Comparison("ready", mine, (hand, demand), Aim(AIM_SECONDS, "median")),
            Comparison("removed", gone[0], (gone[2],)),
        ),
        notes=(
            "Ready: container made, daemon answers, agent connected, busybox and myapp loaded.",
            "By hand: docker run with the same walls, start-docker, docker load; no agent.",
        ),
    )


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=7)


if __name__ == "__main__":
    raise SystemExit(place.main(__doc__ or "", run, options))
