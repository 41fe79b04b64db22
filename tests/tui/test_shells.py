"""What tmux does with keys between the screens and the shell, in a tmux of this machine."""

from __future__ import annotations

import os
import pty
import shutil
import string
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_engine.bench import base
from lab_engine.tui.shells import CONFIG

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux here")
ROOT = Path(base.__file__).parent / "rootfs"
BACK = b"\x1b[5;2~"  # Shift+PgUp


class Shell:
    """`cat` in tmux, as the learner's shell is, and a terminal that is attached to it."""

    def __init__(self, folder: Path) -> None:
        self.tmux = ["tmux", "-S", str(folder / "tmux"), "-f", str(ROOT / CONFIG.lstrip("/"))]
        words = [*self.tmux, "new-session", "-A", "-s", "s", "stty -echo raw; exec cat -v"]
        pid, self.terminal = pty.fork()
        if not pid:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
            os.execvp(words[0], words)

    def ask(self, *words: str) -> str:
        done = subprocess.run([*self.tmux, *words], capture_output=True, text=True, check=False)
        return done.stdout

    def until(self, wanted: str, *words: str) -> None:
        end = time.monotonic() + 20
        while wanted not in (said := self.ask(*words)):
            assert time.monotonic() < end, said
            time.sleep(0.05)

    def type(self, keys: bytes) -> None:
        os.write(self.terminal, keys)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    made.until("s", "list-sessions", "-F", "#S")
    yield made
    made.ask("kill-server")
    os.close(made.terminal)


def test_what_is_typed_while_scrolled_back_is_whole(shell: Shell) -> None:
    """Each printable character as the first one, which also brings the shell forward."""
    mode = ("display-message", "-p", "-t", "s", "#{pane_in_mode}")
    typed = ""
    for character in string.printable[:94]:
        shell.until("0", *mode)
        shell.type(BACK)
        shell.until("1", *mode)
        shell.type(character.encode() + b".")
        shell.until("0", *mode)
        typed += f"{character}."
        screen = ("capture-pane", "-p", "-J", "-t", "s")
        shell.until(typed[-40:], *screen)
