"""What the verbs share: their help, their JSON, their progress lines."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

EXIT_CODES: Final = (
    "exit codes: 0 passed, 1 not passed, 2 the command line is wrong, "
    "3 the environment failed, 130 interrupted"
)


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


def emit_json(value: object) -> None:
    """Print data for a program: dataclasses, msgspec structs, paths and plain values alike."""
    import msgspec

    plain = msgspec.to_builtins(value, enc_hook=str)
    print(json.dumps(plain, indent=2, ensure_ascii=False))


def table(rows: Sequence[Sequence[str]], *, head: Sequence[str]) -> str:
    """Lay out rows in columns under their headings."""
    every = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[n]) for row in every) for n in range(len(head))]
    lines = ("  ".join(f"{cell:<{w}}" for cell, w in zip(r, widths, strict=True)) for r in every)
    return "\n".join(line.rstrip() for line in lines)


def say(text: str) -> None:
    """A line of progress: on stderr, so that a program that reads stdout never meets it."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what begins, and when it is done how long it took."""
    start = time.monotonic()
    live = sys.stderr.isatty()
    print(f"{what} …", end="" if live else "\n", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        if live:
            print(" failed", file=sys.stderr, flush=True)
        raise
    seconds = time.monotonic() - start
    print(f" {seconds:.1f} s" if live else f"{what}: {seconds:.1f} s", file=sys.stderr, flush=True)
