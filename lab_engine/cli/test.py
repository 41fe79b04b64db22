"""`infralab test`: lint, types, import contracts and every test of a clone."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab_engine.cli.words import Progress, verb
from lab_engine.errors import InfralabError, UsageError

ROOT = Path(__file__).parents[2]
USUAL = "not v2 and not fresh and not sessions"
FAST = f"not bench and not vm and not slow and not programs and {USUAL}"
REST = f"(bench or vm or slow or programs) and {USUAL}"
ALONE = f"{REST} and alone"
BENCHES = f"{REST} and not alone and not proof"
PROOFS = "proof and not alone"

# pytest's names for what did not go well.
BAD = ("failed", "error")
# More than these is no accident.
SECOND_TRIES = 5


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb."""
    parser = verb(
        verbs,
        "test",
        "run the tests of a clone",
        about="Lint, types, import contracts, then the tests: what needs no bench first, proofs "
        "last, in several processes. Installs the tools for it into .venv when they are missing.",
        examples=(
            ("infralab test", "everything except --v2 and --fresh"),
            ("infralab test --fast", "what needs no Docker engine; under two minutes on two cores"),
            ("infralab test --v2", "whole guests: cgroup v2, and `infralab machine`; slow"),
            ("infralab test --fresh", "set-up on fresh Debian and Ubuntu roots; slow"),
            ("infralab test -- -k doctor -x", "words after -- go to pytest"),
        ),
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--fast",
        action="store_true",
        help="only what needs no Docker engine and starts no programs of infralab",
    )
    which.add_argument("--v2", action="store_true", help="only the tests that boot whole guests")
    which.add_argument("--fresh", action="store_true", help="only set-up on fresh machines")
    parser.add_argument("words", nargs="*", metavar="-- WORDS", help="more words for pytest")


def run(args: argparse.Namespace) -> int:
    """Run pytest, whose last line is the last line of the output and speaks for all that ran."""
    if not (ROOT / "tests").is_dir():
        raise UsageError("an installed infralab carries no tests", hint="Run this in a clone.")
    _install_tools()
    if args.v2 or args.fresh or args.words:
        # Words may ask for what only one process can do: `-s`, `--pdb`, `-x` without a rest.
        code = _pytest("-m", _marks(args), *args.words)
    elif args.fast:
        code = _pytest("-m", FAST, *_spread("worksteal", 1))
    else:
        code = _in_runs()
    # pytest's exit codes: 1 is a failed test, 2 an interruption, all others are no result.
    return {0: 0, 1: 1, 2: 130}.get(code, 3)


def _in_runs() -> int:
    """Four runs, what is quickly told first; the last one's summary counts for all.

    A few tests that fail are tried once more, alone. What passes then is told as flaky, with its
    failure (docs/decisions/0007-a-second-try.md).

    What looks at everybody's images and benches runs by itself, and first of those that need an
    engine: it finds no bench image where there was none, and the others find one. A file stays in
    one process, since its tests share a bench. Proofs run one after the other: what they wait for
    is limited, and two emulated machines at once are slower than each alone.
    """
    runs: tuple[tuple[str, list[str]], ...] = (
        (FAST, _spread("worksteal", 1)),
        (ALONE, []),
        (BENCHES, [*_spread("loadfile"), "--no-loadscope-reorder"]),
        (PROOFS, []),
    )
    # The proofs, which come last, take what is left of the time for a whole run.
    os.environ["INFRALAB_TESTS_BEGAN"] = str(time.time())
    code = 0
    kept: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (marks, spread) in enumerate(runs):
            # With `=`: a path that stands alone would move what pytest takes for the root.
            own = Path(folder) / f"{number}.json"
            told = _told(kept) if number == len(runs) - 1 else []
            code = _pytest(
                "-m", marks, *spread, "-p", "tests.joined", f"--outcomes-to={own}", *told
            )
            if code not in (0, 1, 5):
                # Interrupted, or it could not run: there is nothing to go on from.
                return code
            kept.append(own)
        failed = _failed(kept)
        if 0 < len(failed) <= SECOND_TRIES:
            # A proof has the time for its second try that it has when it runs alone.
            del os.environ["INFRALAB_TESTS_BEGAN"]
            code = _pytest(*failed, "-p", "tests.joined", "--second-try", *_told(kept))
    return code


def _told(kept: list[Path]) -> list[str]:
    """The words for a run that reports and counts what earlier runs found."""
    return [f"--outcomes-of={before}" for before in kept]


def _failed(kept: list[Path]) -> list[str]:
    """The tests that failed in these runs, by their pytest ids; modules that do not load too."""
    found = [json.loads(path.read_text()) for path in kept]
    reports = [report for run in found for bad in BAD for report in run.get(bad, ())]
    return list(dict.fromkeys(report["nodeid"] for report in reports))


def _spread(dist: str, more: int = 0) -> list[str]:
    """A process a core; `more` of them work while others wait, for a shell or for a screen."""
    return ["-n", str(min(len(os.sched_getaffinity(0)) + more, 8)), "--dist", dist]


def _pytest(*words: str) -> int:
    # -P: no module of the folder at hand goes before an installed one of the same name.
    command = [sys.executable, "-P", "-m", "pytest", *words]
    process = subprocess.Popen(command, cwd=ROOT, env=_compiled_once())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # pytest got it too, and has its fixtures to take down.
            continue


def _compiled_once() -> dict[str, str]:
    """The environment; where Python shall write no bytecode, it goes into the tools' own folder.

    Without any, each process compiles all tests again: seconds for each of them.
    """
    env = dict(os.environ)
    if env.pop("PYTHONDONTWRITEBYTECODE", None):
        env.setdefault("PYTHONPYCACHEPREFIX", f"{sys.prefix}/bytecode")
    return env


def _marks(args: argparse.Namespace) -> str:
    if args.fast:
        return FAST
    return "v2" if args.v2 else "fresh" if args.fresh else USUAL


def _install_tools() -> None:
    lock = ROOT / "requirements-dev.lock"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = Path(sys.prefix) / ".infralab-dev"
    # pip would look at every package each time to find that nothing is missing.
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if sys.prefix == sys.base_prefix:
        raise UsageError("the tests need a virtual environment", hint="Use ./infralab test.")
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    locked = ["--quiet", "--only-binary", ":all:", "--require-hashes", "-r", str(lock)]
    with Progress() as progress:
        progress("Installing the tools for the tests")
        done = subprocess.run([*install, *locked], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InfralabError(
            f"the tools for the tests could not be installed:\n{done.stderr.strip()[-2000:]}",
            hint="Check the network, then run it again.",
        )
    stamp.write_text(wanted)
