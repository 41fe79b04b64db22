"""`infralab shell`: a shell in the bench, a container, a VM's console or a namespace."""

from __future__ import annotations

import argparse

from lab_engine.cli.words import verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "shell",
        "open a shell in the bench, a container, a VM or a namespace",
        examples=[
            ("infralab shell", "the bench, as the learner"),
            ("infralab shell container:web", "in a container"),
            ("infralab shell vm:alpha", "a VM's serial console; Ctrl-] leaves it"),
            ("infralab shell netns:red", "in a network namespace"),
        ],
    )
    parser.add_argument("target", nargs="?", default="bench")
    parser.add_argument("--session", metavar="ID")


def run(args: argparse.Namespace) -> int:
    import os
    import sys

    from lab_engine.bench.shell import shell_argv
    from lab_engine.cli.current import choose, open_record, running_bench

    record = open_record(needed=False)
    row = choose(record, args.session)
    record.close()
    argv = shell_argv(running_bench(row), args.target, tty=sys.stdin.isatty())
    # In the place of this process: the terminal's signals and its size go to Docker's client
    # directly.
    os.execvp(argv[0], argv)  # noqa: S606
