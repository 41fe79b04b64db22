"""`infralab worker`: this computer's engine, offered to a cluster that grades."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from typing import Final

from lab_engine.cli.isolated import add_isolation, isolated
from lab_engine.cli.words import say, verb

STOP_SECONDS: Final = 120
"""For benches that are being graded in to be removed."""


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "worker",
        "for instructors: let this computer grade for a cluster",
        about="Joins Dask's scheduler and offers benches to it, by cores and memory, until Ctrl-C. "
        "`infralab grade --cluster` gives them lessons to grade. Whoever can reach the scheduler "
        "can run programs here as this user: have it on a network that you trust, or use tls://.",
        examples=[
            ("dask scheduler --host 10.0.0.7", "on one computer, once"),
            ("infralab worker tcp://10.0.0.7:8786", "on each that shall grade"),
            ("infralab worker tcp://10.0.0.7:8786 --isolation vm", "in its machine"),
        ],
    )
    parser.add_argument("scheduler", metavar="tcp://HOST:PORT", help="or tls://")
    parser.add_argument("--benches", type=int, help="so many at once; else by cores and memory")
    parser.add_argument("--name", help="what it is called in messages; else its address")
    add_isolation(parser)


def run(args: argparse.Namespace) -> int:
    from lab_engine import settings
    from lab_engine.cli.grade import benches
    from lab_engine.grading.cluster import scheduler

    scheduler.require()
    scheduler.checked(args.scheduler)
    memory = settings.load().bench_memory
    number = args.benches or benches(memory)
    with isolated(args.isolation):
        words = [
            sys.executable, "-m", "dask", "worker", args.scheduler,
            "--nthreads", str(number),
            "--resources", f"bench={number} memory={number * memory}",
            "--no-dashboard",
        ]  # fmt: skip
        if args.name:
            words += ["--name", args.name]
        say(f"Offering {number} at once to {args.scheduler}; Ctrl-C ends it.")
        return _until_stopped(subprocess.Popen(words, env=dict(os.environ)))


def _until_stopped(worker: subprocess.Popen[bytes]) -> int:
    """Its exit code. Ctrl-C ends it in its own way, which closes its connection."""
    try:
        return 3 if worker.wait() else 0
    except KeyboardInterrupt:
        worker.send_signal(signal.SIGINT)
        try:
            worker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
        raise
