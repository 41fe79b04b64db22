"""Find the verb, run it, and turn what goes wrong into words and an exit code."""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, cast

from lab_engine import __version__
from lab_engine.cli.endpoint import follow
from lab_engine.cli.words import EXIT_CODES
from lab_engine.errors import InfralabError
from lab_engine.shown import shown

VERBS: Final = (
    # the course
    "learn",
    "lessons",
    "up",
    "shell",
    "run",
    "check",
    "plan",
    "repair",
    "replay",
    "submit",
    "down",
    # this machine
    "setup",
    "doctor",
    "image",
    "packs",
    "machine",
    "gc",
    "uninstall",
    # teaching
    "class",
    "bundle",
    "grade",
    "regrade",
    "worker",
    "gradebook",
    "instructor",
    "copies",
    # writing lessons
    "new-lesson",
    "lint",
    "syllabus",
    "prove",
    "test",
)
# What a shell gives for a program that SIGINT ended: 128 and the signal's number.
INTERRUPTED: Final = 130


class Verb(Protocol):
    """What a verb's module offers."""

    def add(self, verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def available() -> tuple[str, ...]:
    """The verbs that have a module, in the order of the help."""
    return tuple(v for v in VERBS if importlib.util.find_spec(_module(v)) is not None)


def _module(verb: str) -> str:
    """The module of a verb: `new-lesson` is in `new_lesson.py`."""
    return f"lab_engine.cli.{verb.replace('-', '_')}"


def parser(wanted: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser with the verbs of `wanted` only: each costs an import."""
    top = argparse.ArgumentParser(
        prog="infralab",
        description="Learn cloud infrastructure on real machines, containers and networks.",
        epilog="`infralab` alone starts the course. `infralab VERB --help` shows examples.\n\n"
        + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"infralab {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", title="verbs", required=True)
    for name in wanted:
        module = cast("Verb", importlib.import_module(_module(name)))
        module.add(verbs)
        verbs.choices[name].set_defaults(run=module.run)
    return top


def _unknown(word: str) -> int:
    known = available()
    near = difflib.get_close_matches(word, known, n=1)
    print(f"infralab: there is no verb {word!r}", file=sys.stderr)
    hint = f"Did you mean `infralab {near[0]}`?" if near else "`infralab --help` lists them."
    print(f"  {hint}", file=sys.stderr)
    return 2


def _default() -> list[str]:
    """What `infralab` alone does: the course in the TUI, else the plain walk through it."""
    screens = importlib.util.find_spec("lab_engine.tui") is not None
    if screens and sys.stdin.isatty() and sys.stdout.isatty():
        return ["learn"]
    return ["learn", "--plain"]


def _report(error: InfralabError, *, as_json: bool) -> int:
    if as_json:
        body = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
        print(json.dumps({"error": body}, indent=2))
    else:
        print(f"infralab: {error}", file=sys.stderr)
        for line in error.hint.splitlines():
            print(f"  {line}", file=sys.stderr)
    return error.exit_code


def _bug(error: Exception) -> int:
    """An error that nobody foresaw: keep the details in a file, and say where."""
    details = "".join(traceback.format_exception(error))
    if os.environ.get("INFRALAB_DEBUG"):
        print(details, file=sys.stderr, end="")
    where = "Set INFRALAB_DEBUG=1 and run it again to see the details."
    try:
        log = _log_file()
        log.write_text(details, encoding="utf-8")
        where = f"The details are in {log}."
    except (OSError, InfralabError):
        # The disk may be what is broken: the message must still come out.
        where += " (They could not be written to a file.)"
    print(f"infralab: unexpected {type(error).__name__}: {shown(str(error))}", file=sys.stderr)
    print(f"  This is a fault in infralab, not in your work. {where}", file=sys.stderr)
    return 3


def _log_file() -> Path:
    from lab_engine import settings

    folder = settings.load().log_dir
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "last-error.txt"


def _print_what_can_be() -> None:
    """A locale without a sign, or a name that is no text, costs a `?` and not the whole answer."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _end_as_interrupted() -> None:
    """A closed window and `kill` end a verb as Ctrl-C does: what it began is undone.

    `nohup` has the first of them ignored, which stays.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit codes are those of `EXIT_CODES`."""
    _print_what_can_be()
    _end_as_interrupted()
    words = list(sys.argv[1:] if argv is None else argv) or _default()
    first = words[0]
    if not first.startswith("-") and first not in available():
        return _unknown(first)
    # Only what `--help` lists needs all verbs.
    top = parser(available() if first.startswith("-") else (first,))
    try:
        args = top.parse_args(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    try:
        # Before anything asks for the engine: the SDK reads DOCKER_HOST when it makes a client.
        follow(os.environ, args.verb)
        return cast("int", args.run(args))
    except InfralabError as error:
        return _report(error, as_json=getattr(args, "json", False))
    except KeyboardInterrupt:
        print("\ninfralab: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (`infralab lessons | head`). Python would complain again
        # while it closes stdout, so give it somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _bug(error)
