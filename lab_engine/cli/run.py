"""`infralab run -- CMD`: a command in the bench, as the learner."""

from __future__ import annotations

import argparse

from lab_engine.cli.words import verb


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verb(
        verbs,
        "run",
        "run a command in the bench, as the learner",
        about="The exit code is the command's own.",
        examples=[
            ("infralab run -- docker network ls", "one command"),
            ("infralab run -- sh -c 'ip a | head'", "a pipe"),
        ],
    )
    parser.add_argument("--session", metavar="ID")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD…")


def run(args: argparse.Namespace) -> int:
    import os
    import shlex
    import sys

    from lab_engine.cli.current import choose, open_record, running_bench
    from lab_engine.errors import UsageError

    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise UsageError("no command was given", hint="For example: `infralab run -- ip a`.")
    record = open_record(needed=False)
    row = choose(record, args.session)
    record.close()
    argv = running_bench(row).exec_argv(
        ["bash", "-lc", shlex.join(command)],
        user="learner",
        tty=sys.stdin.isatty() and sys.stdout.isatty(),
        interactive=True,
    )
    # In the place of this process: the terminal's signals and its size go to Docker's client
    # directly, and the exit code is the command's own.
    os.execvp(argv[0], argv)  # noqa: S606
