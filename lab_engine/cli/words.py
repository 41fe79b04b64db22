"""What the verbs share: their help, their JSON, their progress lines."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

from lab_engine.errors import UsageError
from lab_engine.shown import shown

EXIT_CODES: Final = (
    "exit codes: 0 passed, 1 not passed, 2 the command line is wrong, "
    "3 the environment failed, 130 interrupted"
)

_BEYOND_ASCII: Final = re.compile("[\x7f-\x9f\ud800-\udfff]")


def verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    *,
    about: str = "",
    examples: Sequence[tuple[str, str]],
) -> argparse.ArgumentParser:
    """Add a verb with its help.

    Args:
        verbs: what `add` was given.
        name: the word on the command line; also the name of the module.
        summary: one line for the list of verbs.
        about: a paragraph for the verb's own help; the summary when left out.
        examples: pairs of a command line and what it does.
    """
    width = max(len(line) for line, _ in examples)
    shown = "\n".join(f"  {line:<{width}}  {does}" for line, does in examples)
    return verbs.add_parser(
        name,
        help=summary,
        description=about or summary,
        epilog=f"examples:\n{shown}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Give a verb that prints data its `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_session(parser: argparse.ArgumentParser) -> None:
    """Give a verb the choice of its session."""
    parser.add_argument(
        "--session", metavar="ID", help="the session to work in; the last one if left out"
    )
    parser.add_argument(
        "--take-over", action="store_true", help="cut off another client that works in it"
    )


def emit_json(value: object) -> None:
    """Print data for a program: dataclasses, msgspec structs, paths and plain values alike."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    # JSON escapes the controls of ASCII alone. A program may well be `less`, or no program at all.
    print(_BEYOND_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if hasattr(value, "__struct_fields__"):
        # Only here: doctor must run on a machine where nothing is installed yet.
        import msgspec

        return msgspec.to_builtins(value, enc_hook=str)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def table(rows: Sequence[Sequence[str]], *, head: Sequence[str]) -> str:
    """Lay out rows in columns under their headings."""
    every = [[shown(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[n]) for row in every) for n in range(len(head))]
    lines = ("  ".join(f"{cell:<{w}}" for cell, w in zip(r, widths, strict=True)) for r in every)
    return "\n".join(line.rstrip() for line in lines)


def say(text: str) -> None:
    """A line of progress: on stderr, so that a program that reads stdout never meets it."""
    print(shown(text), file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """A line of the answer, on stdout; names in it may be anybody's."""
    print(shown(text), flush=True)


def confirm(question: str, *, yes: bool) -> bool:
    """Ask before something that cannot be undone; `yes` answers for a script.

    Raises:
        UsageError: nobody is there to answer.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nobody is here to agree", hint="Add --yes to go on.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower().startswith("y")


class Progress:
    """Shows short sentences about work that goes on: one line that changes, or a log.

    Call it with a sentence; use it as a context manager around the work. A terminal shows the last
    sentence and the seconds since the start. Elsewhere a line is written when the stage (what is
    before a colon) changes, or 20 seconds have passed.
    """

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._start = self._written = time.monotonic()
        self._stage = ""
        self._last = ""
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Progress:
        if self._live:
            self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._live and self._last:
            self._ticker.join()
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def __call__(self, sentence: str) -> None:
        self._last = sentence = shown(sentence)
        if self._live:
            self._draw()
            return
        stage = sentence.split(":", 1)[0]
        now = time.monotonic()
        if stage != self._stage or now - self._written > 20:
            self._stage, self._written = stage, now
            say(sentence)

    def _tick(self) -> None:
        while not self._ended.wait(1):
            self._draw()

    def _draw(self) -> None:
        if self._last:
            # A sentence that wraps could not be taken back by \r and an erased line (ECMA-48, EL),
            # so it is cut, with room for the seconds.
            room = shutil.get_terminal_size().columns - 12
            seconds = time.monotonic() - self._start
            print(
                f"\r\x1b[K{self._last[:room]} … {seconds:.0f} s",
                end="",
                file=sys.stderr,
                flush=True,
            )
