"""The recorder on a PTY of this machine, around a real bash."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from lab_engine.bench import recipe
from lab_engine.inside import recorder
from lab_engine.recording.cast import Cast, Mark, groups, read_cast
from tests.recording.hands import Terminal

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the recorder changes users, as root")

BASHRC = Path(recipe.__file__).parent / "rootfs/home/learner/.bashrc"
START = """
import sys
from pathlib import Path
sys.path.insert(0, {code!r})
import recorder
recorder.LEARNER = "root"
recorder.FOLDER = Path({folder!r})
recorder.work_folder = lambda: Path({work!r})
sys.argv = ["recorder.py", "bench", *sys.argv[1:]]
sys.exit(recorder.main())
"""


class Desk:
    """A recorded bash in a terminal. `work` is its work folder, where it begins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        lines = BASHRC.read_text().splitlines()
        prompt = next(line for line in lines if line.startswith("PS1="))
        (folder / "rc").write_text(f"{prompt}\nHISTFILE={folder}/history\ncd {self.work}\n")
        code = START.format(
            code=str(Path(recorder.__file__).parent),
            folder=str(folder / "recordings"),
            work=str(self.work),
        )
        self.screen = Terminal(
            [sys.executable, "-I", "-c", code, "bash", "--rcfile", str(folder / "rc"), "-i"]
        )

    async def do(self, *commands: str) -> None:
        for command in commands:
            await self.screen.type(f"{command}\r")
            await self.screen.prompt()

    async def end(self) -> int:
        await self.screen.type("exit\r")
        return await asyncio.wait_for(self.screen.process.wait(), 20)

    def cast(self) -> Cast:
        (path,) = (self.folder / "recordings").glob("*.cast")
        assert path.stat().st_mode & 0o777 == 0o600
        return read_cast(path.name, path.read_bytes())

    def typed(self) -> str:
        return "".join(event.data for event in self.cast().events if event.code == "i")

    def printed(self) -> str:
        return "".join(event.data for event in self.cast().events if event.code == "o")

    def marks(self, kind: str) -> list[Mark]:
        marks = [event.mark() for event in self.cast().events if event.code == "m"]
        return [mark for mark in marks if mark.mark == kind]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    await desk.screen.open()
    yield desk
    await desk.screen.close()


async def until(done: Callable[[], object]) -> None:
    for _ in range(400):
        if done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


async def test_input_output_and_the_end(desk: Desk) -> None:
    await desk.do("echo $((6*7))ü")
    assert await desk.end() == 0
    assert desk.typed() == "echo $((6*7))ü\rexit\r"
    assert "42ü\r\n" in desk.printed()
    assert [mark.code for mark in desk.marks("end")] == [0]


async def test_exit_codes(desk: Desk) -> None:
    await desk.do("true", "false", "(exit 77)")
    await desk.end()
    assert [group.codes for group in groups(desk.cast(), 0)][:3] == [(0,), (1,), (77,)]


async def test_a_prompt_of_ones_own_tells_no_exit_codes_and_ends_nothing(desk: Desk) -> None:
    await desk.do("PS1='mine$ '", "unset PROMPT_COMMAND", "echo on", "false")
    await desk.end()
    assert "echo on\r" in desk.typed()
    assert [mark.code for mark in desk.marks("exit")] == [0]


async def test_what_is_typed_with_echo_off_is_not_recorded(desk: Desk) -> None:
    await desk.screen.type("read -s secret\r")
    await desk.screen.quiet()
    await desk.screen.type("swordfish\r")
    await desk.screen.prompt()
    await desk.do("echo ${#secret}")
    await desk.end()
    assert "swordfish" not in desk.typed() + desk.printed()
    assert "9\r\n" in desk.printed()
    assert len(desk.marks("hidden")) == 1


async def test_prompts_and_commands_are_marked(desk: Desk) -> None:
    await desk.do("sleep 0.4", "sleep 0.4")
    await desk.end()
    kinds = [event.mark().mark for event in desk.cast().events if event.code == "m"]
    assert [kind for kind in kinds if kind in ("prompt", "command")][:5] == [
        "prompt",
        "command",
        "prompt",
        "command",
        "prompt",
    ]


async def test_another_shell_in_its_place_or_inside_is_recorded(desk: Desk) -> None:
    await desk.do(f"exec bash --rcfile {desk.folder}/rc -i", "echo in its place")
    await desk.do("bash --norc", "echo inside", "exit")
    await desk.end()
    assert "in its place\r\n" in desk.printed()
    assert "inside\r\n" in desk.printed()
    assert "echo inside\r" in desk.typed()


@pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")
async def test_tmux_inside_is_recorded(desk: Desk) -> None:
    await desk.screen.type(f"tmux -S {desk.folder}/socket -f /dev/null\r")
    await desk.screen.quiet(1.0)
    await desk.screen.type("echo in-$((40+2))\r")
    await until(lambda: "in-42" in desk.printed())
    await desk.screen.type("exit\r")
    await desk.screen.prompt()
    await desk.end()
    assert "echo in-$((40+2))\r" in desk.typed()


async def test_a_new_size_reaches_the_shell_and_the_recording(desk: Desk) -> None:
    desk.screen.resize(41, 133)
    await until(lambda: any(event.code == "r" for event in desk.cast().events))
    await desk.do("stty size")
    await desk.end()
    assert [event.data for event in desk.cast().events if event.code == "r"] == ["133x41"]
    assert "41 133" in desk.printed()


async def test_a_shell_that_a_signal_ends(desk: Desk) -> None:
    await desk.screen.type("kill -KILL $$\r")
    assert await asyncio.wait_for(desk.screen.process.wait(), 20) == 128 + 9
    assert [mark.code for mark in desk.marks("end")] == [-9]


async def test_a_terminal_that_is_closed_ends_the_shell(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.screen.open()
    await desk.do("echo on")
    await desk.screen.close()
    await until(lambda: desk.marks("end"))


async def test_the_files_of_the_work_folder(desk: Desk) -> None:
    os.mkfifo(desk.work / "pipe")
    (desk.work / "link").symlink_to("/etc/passwd")
    await desk.do("mkdir sub; echo one > sub/a; echo two > b")
    await until(lambda: any("b" in mark.files for mark in desk.marks("files")))
    await desk.do("truncate -s 2M big; rm b")
    await until(lambda: any("big" in mark.files for mark in desk.marks("files")))
    await desk.do("echo three > sub/a")
    await desk.end()
    last = desk.marks("files")[-1].files
    assert set(last) == {"sub/a", "big"}
    assert last["big"] == "2097152 bytes"
    assert last["sub/a"] != desk.marks("files")[0].files["sub/a"]


async def test_what_is_left_in_the_background_does_not_keep_the_shell(desk: Desk) -> None:
    await desk.do("sleep 30 &", "left=$!", "echo $left > left")
    try:
        assert await desk.end() == 0
    finally:
        os.kill(int((desk.work / "left").read_text()), signal.SIGKILL)
    assert [mark.code for mark in desk.marks("end")] == [0]


PASTE = b"touch pasted\n" * 1600
"""20 kB of lines: more than the terminal of a program that reads nothing can hold.

Each leaves a file if a shell runs it. What stands on the screen would not tell: the echo of a
line may be torn apart by what a program prints meanwhile.
"""


async def paste(desk: Desk, data: bytes) -> None:
    """At once, as a terminal does, and with no more patience than a person has."""
    os.set_blocking(desk.screen.master, False)
    async with asyncio.timeout(20):
        while data:
            try:
                data = data[os.write(desk.screen.master, data) :]
            except BlockingIOError:
                await asyncio.sleep(0.01)


PRINTING = 'sh -c "while :; do echo printed line; sleep 0.002; done"'


@pytest.mark.parametrize("program", [PRINTING, "yes", "sleep 60"], ids=["prints", "yes", "sleep"])
@pytest.mark.parametrize(
    "data", [PASTE, PASTE[:10_000], b"x" * 20_000], ids=["much", "some", "one-line"]
)
async def test_a_paste_into_a_program_that_reads_nothing_does_not_lock_the_shell(
    desk: Desk, program: str, data: bytes
) -> None:
    # What comes while bash still reads its line is for bash.
    await desk.screen.type(f"sh -c 'echo begun; exec {program}'\r")
    await until(lambda: "begun\r\n" in desk.screen.shown)
    await paste(desk, data)
    seen = len(desk.screen.shown)
    if program in (PRINTING, "yes"):
        await until(lambda: len(desk.screen.shown) > seen + 1000)
    await paste(desk, b"\x03")
    # At once: what comes behind Ctrl-C arrives whole, and nothing of the paste stands before it.
    await paste(desk, b"echo alive-$((40+2))\r")
    await until(lambda: "\nalive-42" in desk.screen.answer)
    assert not (desk.work / "pasted").exists()


async def test_a_paste_into_a_program_that_reads_comes_whole(desk: Desk) -> None:
    await desk.screen.type("sh -c 'echo begun; exec cat > pasted'\r")
    await until(lambda: "begun\r\n" in desk.screen.shown)
    await paste(desk, PASTE + b"\x04")
    await desk.screen.quiet()
    await desk.do("echo read")
    assert (desk.work / "pasted").read_bytes() == PASTE
    assert desk.typed().count("touch pasted\n") == 1600


async def test_a_terminal_that_shows_nothing_for_a_while_loses_nothing(desk: Desk) -> None:
    loop = asyncio.get_running_loop()
    loop.remove_reader(desk.screen.master)
    await desk.screen.type("seq 1 60000; echo over\r")
    await asyncio.sleep(1)
    loop.add_reader(desk.screen.master, desk.screen._read)
    await until(lambda: "over\r\n" in desk.screen.shown)
    await desk.screen.prompt()
    # The first number stands behind what bash tells the terminal before it runs a command.
    numbers = [line for line in desk.screen.shown.split("\r\n") if line.isdecimal()]
    assert numbers == [str(n) for n in range(2, 60001)]
    await desk.end()
    assert "\r\n60000\r\nover\r\n" in desk.printed()


async def test_ctrl_c_reaches_a_program_while_the_terminal_shows_nothing(desk: Desk) -> None:
    """As with Ctrl-S, or a connection that is slow."""
    loop = asyncio.get_running_loop()
    loop.remove_reader(desk.screen.master)
    await desk.screen.type("sh -c 'trap \"touch stopped; exit\" INT; while :; do echo on; done'\r")
    await asyncio.sleep(1)
    await paste(desk, b"\x03")
    await until(lambda: (desk.work / "stopped").exists())
    loop.add_reader(desk.screen.master, desk.screen._read)
    await desk.screen.prompt()
