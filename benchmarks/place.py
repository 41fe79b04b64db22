"""The benches that benchmarks run in, and the command line that all of them share."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.measure import Comparison, Result, as_json, table, told
from lab_engine.bench import engine, walls
from lab_engine.bench.container import Bench
from lab_engine.packs import image as pack_image
from lab_engine.session.record import Record

HERE = Path(__file__).parent
PYTHON = "/opt/infralab/venv/bin/python"
FOLDER = "/opt/benchmarks"
START = "/usr/lib/infralab/bin/start-"
LIMIT = 900.0


FIRST_SHARES = 262144
"""Docker's most; a container has 1024."""
FIRST_NICE = -15
first = False
"""Whether what is measured goes before all else on the machine (`--first`)."""


class Failed(Exception):
    """What a benchmark could not do in its bench."""


def session(name: str) -> str:
    """A session id that tells a benchmark's bench from others."""
    return f"bm{os.getpid()}-{name}"


@contextmanager
def bench(
    name: str, *, daemons: Sequence[str] = (), internet: bool = False, packs: Sequence[str] = ()
) -> Iterator[Bench]:
    """A bench of the benchmark's own, with its code and packs in it; removed at the end."""
    tag = pack_image.ensure(packs)
    made = Bench.create(
        session(name), memory=6 << 30, internet=internet, tag=tag, idle_seconds=3600
    )
    try:
        prefer(made)
        for daemon in daemons:
            do(made, [f"{START}{daemon}"])
        do(made, ["mkdir", "-p", FOLDER])
        do(made, ["tar", "-x", "-C", FOLDER, "-f", "-"], stdin=_code())
        yield made
    finally:
        made.remove()


def walls_words() -> list[str]:
    """The walls of a bench, but for its network and memory, as words for `docker create`."""
    words = ["--init", "--cgroupns", "private", "--cap-drop", "ALL"]
    words += [f"--cap-add={capability}" for capability in walls.CAPABILITIES]
    words += [f"--device-cgroup-rule={rule}" for rule in walls.DEVICE_RULES]
    for option in ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"):
        words += ["--security-opt", option]
    return [*words, "--tmpfs", "/run:exec,mode=755", "--tmpfs", "/tmp:exec,suid,dev,mode=1777"]


def remove_benches(data: str) -> None:
    """Remove the benches of every session that is open in a data folder."""
    record = Record(Path(data) / "progress.sqlite")
    for row in record.open_sessions():
        bench = Bench.find(row.id)
        if bench:
            bench.remove()
    record.close()


def prefer(made: Bench) -> None:
    """With `--first`: give a bench the CPU before its neighbours, both sides of it alike."""
    if first:
        engine.connect().api.update_container(made.id, cpu_shares=FIRST_SHARES)


def _code() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted([*HERE.glob("*.py"), *HERE.glob("inside/*.py")]):
            archive.add(path, f"benchmarks/{path.relative_to(HERE)}")
    return packed.getvalue()


def do(place: Bench, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 120) -> str:
    """The output of a command that must work, run as root."""
    done = place.run(argv, stdin=stdin, timeout=timeout)
    if done.exit_code:
        said = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
        raise Failed(f"{' '.join(argv)} ended with {done.exit_code}:\n{said}")
    return done.stdout.decode()


def inside(place: Bench, module: str, *words: object) -> Any:
    """Run `benchmarks.inside.<module>` in the bench; its last line is JSON."""
    done = place.run(
        [PYTHON, "-m", f"benchmarks.inside.{module}", *map(str, words)],
        env={"PYTHONPATH": f"/opt/infralab/lib:{FOLDER}"},
        timeout=LIMIT,
    )
    if done.exit_code:
        raise Failed(f"{module}: {done.stderr.decode(errors='replace')[-3000:]}")
    return json.loads(done.stdout.decode().splitlines()[-1])


def main(
    about: str,
    run: Callable[[argparse.Namespace], Result],
    options: Callable[[argparse.ArgumentParser], None] = lambda _: None,
) -> int:
    """The command line of one benchmark: its own options, `--quick` and `--json`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="few and small runs: does it work?")
    parser.add_argument(
        "--first", action="store_true", help="on a busy machine: the bench gets the CPU first"
    )
    options(parser)
    args = parser.parse_args()
    if args.first:
        global first
        first = True
        os.setpriority(os.PRIO_PROCESS, 0, FIRST_NICE)
    # An end from outside removes what was made, as Ctrl-C does.
    signal.signal(signal.SIGTERM, _end)
    result = run(args)
    if first:
        note = "Measured with --first: the bench had the CPU before all else on the machine."
        result = msgspec.structs.replace(result, notes=(*result.notes, note))
    print(as_json(result) if args.json else table(result), flush=True)
    return 0


def tell(comparison: Comparison) -> None:
    """A line on standard error as soon as something is known, so that a long run shows it."""
    sides = (comparison.ours, *comparison.peers)
    texts = [f"{side.who} {told(side.median)}" for side in sides]
    print(f"{comparison.what}: {', '.join(texts)}", file=sys.stderr, flush=True)


def _end(*_: object) -> None:
    # A second one must not stop the clearing up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def inside_accelerator(place: Bench) -> str:
    """What VMs in this bench run on: `kvm` or `tcg`."""
    module = "lab_engine.families.libvirt.guests.accelerator"
    code = f"from {module} import find; print(find().accelerator)"
    done = place.run([PYTHON, "-c", code], env={"PYTHONPATH": "/opt/infralab/lib"}, timeout=30)
    return done.stdout.decode().strip()
