"""Commands that run unattended in a bench, as the learner, in one bash (client side)."""

from __future__ import annotations

import asyncio
import codecs
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from lab_engine.bench.container import Bench
from lab_engine.common.patience import patient
from lab_engine.errors import InfralabError

SCRIPT_LIMIT = patient(300.0)
SCRIPT_OUTPUT = 64 * 1024
CHUNK: Final = 65536
# setsid makes the script and all that it starts one group, which one `kill` ends; `read` returns
# when the near end is gone. Background commands get no standard input of the shell's, so it is
# moved to 3.
ENDED_WITH_US: Final = """\
exec 3<&0 </dev/null
setsid bash -l -c "$1" 3<&- & run=$!
{
  read -r -u 3
  sudo -n kill -KILL -- "-$run" || kill -KILL -- "-$run"
} >/dev/null 2>&1 & watch=$!
wait "$run"
code=$?
kill "$watch"
exit "$code"
"""
"""Docker leaves the far end of an exec running when the near end goes, but closes its input.

What runs under sudo only root can end."""


@dataclass(frozen=True)
class Ran:
    """What a script in the bench did. `output` is standard output and error, the last 64 KiB."""

    exit_code: int
    output: str


async def run_script(
    bench: Bench, commands: Sequence[str], *, strict: bool = True, limit: float = SCRIPT_LIMIT
) -> Ran:
    """Run commands as the learner, in one bash in the work folder.

    With `strict` it ends at the first command that fails. Raises InfralabError when it takes
    longer than `limit` seconds.
    """
    text = "\n".join(["set -e" if strict else "set +e", *commands])
    process = await asyncio.create_subprocess_exec(
        *bench.exec_argv(
            ["bash", "-c", ENDED_WITH_US, "solution", text], user="learner", interactive=True
        ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output = await asyncio.wait_for(_all_of(process), limit)
    except TimeoutError:
        raise _too_long(commands, limit) from None
    finally:
        await _end(process)
    code = process.returncode if process.returncode is not None else -1
    return Ran(code, output[-SCRIPT_OUTPUT:].decode(errors="replace"))


async def show_script(
    bench: Bench,
    commands: Sequence[str],
    say: Callable[[str], None],
    *,
    limit: float = SCRIPT_LIMIT,
) -> int:
    """The same to be looked at: each command is told with a `$` before it, then what it prints.

    `say` gets each line when it is there. Ends at the first command that fails; returns the exit
    code. The script ends with the task that awaits it.
    """
    told = [f"printf '%s\\n' {shlex.quote(_prompted(one))}\n{one}" for one in commands]
    text = "\n".join(["set -e", *told])
    process = await asyncio.create_subprocess_exec(
        *bench.exec_argv(
            ["bash", "-c", ENDED_WITH_US, "solution", text], user="learner", interactive=True
        ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    # A read may end in the middle of a character.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    async def read() -> int:
        assert process.stdout is not None
        rest = ""
        while data := await process.stdout.read(CHUNK):
            *lines, rest = (rest + decoder.decode(data)).split("\n")
            for line in lines:
                say(line.rstrip("\r"))
        if rest:
            say(rest)
        return await process.wait()

    try:
        return await asyncio.wait_for(read(), limit)
    except TimeoutError:
        raise _too_long(commands, limit) from None
    finally:
        await _end(process)


async def _all_of(process: asyncio.subprocess.Process) -> bytes:
    """All that it prints until it ends; its input stays open, which ends it otherwise."""
    assert process.stdout is not None
    output = await process.stdout.read()
    await process.wait()
    return output


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the near end of a script that runs still, and with it the far end."""
    if process.returncode is None:
        process.kill()
        await process.wait()


def _too_long(commands: Sequence[str], limit: float) -> InfralabError:
    return InfralabError(
        f"the script took longer than {limit:g} s: {commands[0]!r} ...",
        hint="Does a command wait for input?",
    )


def _prompted(command: str) -> str:
    """A command as a shell shows it while it is typed."""
    return "$ " + command.replace("\n", "\n> ")
