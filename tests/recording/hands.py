"""A learner's hands and eyes: types into the terminals of a session and reads what they show."""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import os
import re
import struct
import termios
import time
from collections.abc import Callable

from lab_engine.session.session import Session
from tests.recording.script import Script, keys

ESCAPES = re.compile(
    r"\x1b\[[0-9;?>]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()].|\x1b[@-Z=>c]"
)
PROMPT = re.compile(r"[$#>] $")
LIMIT = 60.0


class Terminal:
    """One terminal window."""

    def __init__(self, argv: list[str]) -> None:
        self._argv = argv
        self.shown = ""
        self._since = 0
        self._changed = time.monotonic()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    async def open(self) -> None:
        self.master, slave = os.openpty()
        self.resize(30, 100)
        self.process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
            preexec_fn=_own_terminal,
        )
        os.close(slave)
        asyncio.get_running_loop().add_reader(self.master, self._read)
        await self.prompt()

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.master)
            return
        self.shown += self._decoder.decode(data)
        self._changed = time.monotonic()

    @property
    def answer(self) -> str:
        """What was printed since the last time something was typed."""
        return ESCAPES.sub("", self.shown[self._since :]).replace("\r", "")

    async def type(self, text: str) -> None:
        self._since = len(self.shown)
        data = text.encode()
        for at in range(0, len(data), 4):
            os.write(self.master, data[at : at + 4])
            await asyncio.sleep(0.008)
        self._changed = time.monotonic()

    async def _until(self, done: Callable[[], object], what: str) -> None:
        began = time.monotonic()
        while not done():
            if time.monotonic() - began > LIMIT:
                raise AssertionError(f"waited in vain for {what}:\n{self.answer[-1500:]}")
            await asyncio.sleep(0.02)

    async def quiet(self, seconds: float = 0.5) -> None:
        await self._until(lambda: time.monotonic() - self._changed > seconds, "silence")

    async def prompt(self) -> None:
        await self._until(
            lambda: PROMPT.search(self.answer) and time.monotonic() - self._changed > 0.1,
            "a prompt",
        )

    async def see(self, pattern: str) -> dict[str, str]:
        await self._until(lambda: re.search(pattern, self.answer, re.MULTILINE), pattern)
        found = re.search(pattern, self.answer, re.MULTILINE)
        return found.groupdict() if found else {}

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


def _own_terminal() -> None:
    """Make it the terminal of the new session, so that the program is told of a new size."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


async def perform(session: Session, script: Script) -> set[str]:
    """Enter the script's step, do it, and check. Returns the tasks that pass in the end."""
    await session.enter(script.step, agreed=True)
    terminals: dict[str, Terminal] = {}
    seen: dict[str, str] = {}

    async def terminal(name: str) -> Terminal:
        if name not in terminals:
            terminals[name] = Terminal(session.shell_argv())
            await terminals[name].open()
        return terminals[name]

    def filled(text: str) -> str:
        text = re.sub(r"@\{(\w+)\}", lambda m: str(getattr(session.variables, m[1])), text)
        return re.sub(r"%\{(\w+?)(?::(\d+))?\}", lambda m: seen[m[1]][: int(m[2] or 99)], text)

    try:
        at = await terminal("a")
        for kind, line in script.lines:
            text = filled(line)
            if kind == "$":
                await at.type(keys(text) + "\r")
                await at.prompt()
            elif kind == ":":
                await at.type(keys(text))
                await at.quiet()
            elif kind == "!":
                await at.type(keys(text))
            elif kind == "?":
                seen |= await at.see(text)
            elif kind == "@":
                at = await terminal(text)
            elif kind == ".":
                await asyncio.sleep(float(text))
            else:
                await session.check()
        # The recorder looks at the work folder when nothing happens for a moment.
        await asyncio.sleep(0.5)
        return await passed(session)
    finally:
        for one in terminals.values():
            await one.close()


async def passed(session: Session) -> set[str]:
    """The tasks that pass, given what was done a moment to have its effect."""
    settle = max(2.0, *(check.settle for check in session.lab_step().checks))
    deadline = time.monotonic() + settle
    while True:
        verdicts, _ = await session.check()
        if all(v.passed for v in verdicts) or time.monotonic() > deadline:
            return {v.task for v in verdicts if v.passed}
        await asyncio.sleep(0.3)
