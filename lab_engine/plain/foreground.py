"""Run a program with the terminal to itself, or, where there is none, with nothing to read."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

RUN_WITH_TERMINAL = 'set -m; eval "$1"'
"""Job control puts what is left in the background out of the way when the terminal closes."""
# tail(1) follows the file only while the command runs (--pid), and looks every 0.05 s, so that its
# end is seen at once.
RUN_IN_A_PIPE = """\
out=$(mktemp)
bash -c "$1" >"$out" 2>&1 </dev/null &
tail -n +1 -f -s 0.05 --pid=$! "$out"
wait $!
code=$?
rm -f "$out"
exit $code"""
"""What is left in the background would keep a pipe open, and us waiting. It may keep a file."""


def one_command(command: str, *, tty: bool) -> list[str]:
    """What to add to `bash` so that it runs one command line and leaves its background alone."""
    return ["-c", RUN_WITH_TERMINAL if tty else RUN_IN_A_PIPE, "run", command]


async def foreground(argv: Sequence[str], *, tty: bool) -> int:
    """Run it to its end and return its exit code. Ended with the task that awaits it."""
    # The program writes to the same place: what was said before must stand before it.
    sys.stdout.flush()
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=None if tty else asyncio.subprocess.DEVNULL
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
