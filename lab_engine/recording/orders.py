"""A program in the bench that is told what to do: JSON lines in, one answer a line out."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from lab_engine.bench.container import Bench
from lab_engine.common import pipes
from lab_engine.errors import InfralabError

FOLDER: Final = "/opt/infralab/lib/lab_engine/inside/"
# More than the two minutes that a piece of a replay may take (`typist.MOST_SECONDS`).
ANSWER_SECONDS: Final = 150.0
# An answer holds all that a command printed, in one line; asyncio's own limit is 64 KiB.
LINE_LIMIT: Final = 64 << 20
ENDING_SECONDS: Final = 5.0


class Orders:
    """Runs as root in the bench from the first order until `close`.

    Args:
        bench: where.
        program: a file of `lab_engine/recording`.
    """

    def __init__(self, bench: Bench, program: str) -> None:
        self._bench = bench
        self._program = program
        self._process: asyncio.subprocess.Process | None = None

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *self._bench.exec_argv(
                    ["/usr/bin/python3", "-I", "-S", FOLDER + self._program],
                    user="root",
                    interactive=True,
                    workdir="/",
                    env={"TERM": "xterm-256color", "LANG": "C.UTF-8"},
                ),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LINE_LIMIT,
            )
        return self._process

    async def give(self, **order: Any) -> dict[str, Any]:
        """Give an order and wait for its answer. Raises InfralabError when none comes."""
        process = await self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            async with asyncio.timeout(ANSWER_SECONDS):
                # A program that reads nothing holds the writer as well.
                await process.stdin.drain()
                line = await process.stdout.readline()
        except (TimeoutError, ConnectionError):
            line = b""
        if not line:
            raise InfralabError(
                f"{self._program.removesuffix('.py')} in the bench does not answer",
                hint="Try again. Does the bench still run? `infralab doctor` looks.",
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def close(self) -> None:
        """End the program, and what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            # This is what ends the program: behind `docker exec` it would outlive the near end.
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), ENDING_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        await pipes.given_up(process.stdin)
