"""One user of infralab, to be wronged: a data folder, a session, and work of theirs in its bench.

All goes through the command line, as a user's does. What is looked at afterwards is this user's
alone: other people's benches on the same engine are neither counted nor touched.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from lab_engine.bench import engine, image, inventory, owner
from lab_engine.common.patience import patient
from lab_engine.session import gc
from lab_engine.session.record import Record

CODE: Final = Path(__file__).parents[2]
LESSON: Final = "keeping-data"
STEP: Final = "storage-backends"
THEIRS: Final = """
echo kept > ~/work/marker
docker volume create mine
docker run -d --name mine -v mine:/data busybox sh -c 'echo kept > /data/marker; sleep 1d'
truncate -s 1M ~/work/NAME.img
sudo losetup -f ~/work/NAME.img
"""
LOOKED_AT: Final = (
    "cat ~/work/marker; docker inspect -f '{{.State.Running}}' mine; "
    "docker exec mine cat /data/marker"
)
AS_LEFT: Final = "kept true kept"
BROKEN: Final = re.compile(r"Traceback|unexpected \w+:|fault in infralab|hit a fault of its own")
ENDS: Final = 20.0
"""Seconds in which what a killed program began goes by itself, such as its relay."""
LIMIT: Final = 300.0


@dataclass(frozen=True)
class Ended:
    """A verb that ended by itself: its exit code, and all that it printed."""

    code: int
    text: str

    @property
    def told(self) -> bool:
        """Whether it failed as a verb should: in words of ours, with what to do now."""
        return self.code in (2, 3) and not BROKEN.search(self.text) and "\n  " in self.text


class World:
    """One user; `folder` is theirs alone."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.temp = folder / "temp"
        self.temp.mkdir(parents=True)
        self.env = {
            **os.environ,
            "INFRALAB_DATA_DIR": str(self.data),
            "INFRALAB_BENCH_MEMORY": "1g",
            "TMPDIR": str(self.temp),
            "TERM": "xterm-256color",
        }
        self.name = secrets.token_hex(6)
        self.me = owner.name(self.data)
        self.code = CODE
        self._builder = 0
        self._worked_in: list[str] = []
        self._typed_in: list[str] = []

    # -- what a user does ------------------------------------------------------------------------

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "lab_engine", *words]

    def verb(self, *words: str) -> Ended:
        done = subprocess.run(
            self.argv(*words),
            env=self.env,
            cwd=self.code,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=patient(LIMIT),
            check=False,
        )
        return Ended(done.returncode, done.stdout)

    def ready(self) -> None:
        """Have a session with the user's own work in it."""
        if not self._worked_in or self.open_sessions() != self._worked_in:
            began = self.verb("up", LESSON)
            if began.told:
                began = self.verb("up", LESSON)
            assert began.code == 0, began.text
            work = self.verb("run", "--", "sh", "-ec", THEIRS.replace("NAME", self.name))
            assert work.code == 0, work.text
            self._worked_in = self.open_sessions()

    def recorded(self) -> None:
        """Have something typed in a terminal of the bench, which `replay` can type again."""
        self.ready()
        if self._typed_in == self._worked_in:
            return
        self._typed_in = self._worked_in
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(sys.executable, self.argv("shell"), self.env)
        try:
            for line in ("echo typed > ~/work/typed", "exit"):
                _until_quiet(terminal)
                os.write(terminal, f"{line}\r".encode())
            _until_quiet(terminal)
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)

    def killed(self, words: list[str], after: float) -> bool:
        """Begin a verb in a terminal, and kill it after so many seconds; False if it ended first.

        Its process alone: what it began has to notice by itself.
        """
        pid, terminal = pty.fork()
        if pid == 0:
            program = self.argv(*words)
            if words[:1] == ["GC"]:
                program = [sys.executable, "-m", "tests.crash.world", str(self.data)]
            # Where `-m` looks first.
            os.chdir(self.code)
            os.execve(sys.executable, program, self.env)
        self._builder = pid
        until = time.monotonic() + after
        gone = 0
        try:
            while (left := until - time.monotonic()) > 0:
                if select.select([terminal], [], [], left)[0]:
                    try:
                        if not os.read(terminal, 1 << 16):
                            break
                    # Its end, on Linux (pty(7)).
                    except OSError:
                        break
            gone, _ = os.waitpid(pid, os.WNOHANG)
            if gone:
                return False
            os.kill(pid, signal.SIGKILL)
            gone, status = os.waitpid(pid, 0)
            return os.WIFSIGNALED(status)
        finally:
            os.close(terminal)
            if not gone:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def edit(self) -> None:
        """Work from here on with a copy of the code, of another edition each time."""
        copy = self.data.parent / "code"
        if not copy.exists():
            for part in ("lab_engine", "labs", "content"):
                shutil.copytree(CODE / part, copy / part)
        self.code = copy
        with (copy / "lab_engine/kernel/loops.py").open("a", encoding="utf-8") as file:
            file.write("# another edition\n")

    # -- what must hold afterwards ---------------------------------------------------------------

    def open_sessions(self) -> list[str]:
        if not (self.data / "progress.sqlite").exists():
            return []
        record = Record(self.data / "progress.sqlite")
        try:
            return [row.id for row in record.open_sessions() if row.mode == "practice"]
        finally:
            record.close()

    def usable(self) -> list[str]:
        """What is wrong with going on in the session: at once, or as infralab says."""
        first = self.verb("check")
        if first.code in (0, 1) and not BROKEN.search(first.text):
            return []
        if not first.told:
            return [f"check ends with {first.code}: {first.text[-600:]}"]
        way_on = ("up", LESSON) if "infralab up" in first.text else ("repair",)
        for words in (way_on, ("check",)):
            again = self.verb(*words)
            if again.code not in (0, 1) or BROKEN.search(again.text):
                return [f"{words[0]} ends with {again.code}: {again.text[-600:]}"]
        return []

    def lost(self) -> list[str]:
        """What of the user's own work is not as they left it."""
        seen = self.verb("run", "--", "sh", "-c", LOOKED_AT)
        if " ".join(seen.text.split()) == AS_LEFT:
            return []
        there = self.verb("run", "--", "ls", "-lAR", "/home/learner")
        return [f"lost: {seen.text[-600:]}; there is: {there.text[-1200:]}"]

    def left(self) -> list[str]:
        """What is left besides the open sessions, once `gc` was here."""
        said = sweep(self.data)
        faults = [f"gc: {line}" for line in said]
        sessions = self.open_sessions()
        deadline = time.monotonic() + ENDS
        while (found := self._left(sessions)) and time.monotonic() < deadline:
            time.sleep(0.5)
        return faults + found

    def half_built(self) -> list[str]:
        """What is wrong with the images after a killed build; takes this edition's away again."""
        client = engine.connect()
        half = f"{image.BENCH}:tmp-{self._builder}"
        state = json.loads(self.verb("image", "status", "--json").text)
        faults = [] if state["bench_present"] else ["no image"]
        old = {row.tag for row in inventory.images() if not row.wanted}
        for tag in (half, str(state["bench"])):
            if client.api.images(name=tag):
                if tag not in old:
                    faults.append(f"gc would not remove {tag}")
                client.api.remove_image(tag)
        return faults

    def _left(self, sessions: list[str]) -> list[str]:
        mine = [f"a file: {path}" for path in self.temp.iterdir()]
        mine += [f"a lock: {path.name}" for path in (self.data / "opening").glob("*") if held(path)]
        mine += [f"half a file: {path}" for path in self.data.rglob("*.new")]
        mine += [f"a process: {line}" for line in _processes(self.data)]
        if not sessions:
            mine += [f"a loop device: {path}" for path in _loops(self.name)]
        return mine + [f"on the engine: {one}" for one in _on_engine(self.me, sessions)]


def held(path: Path) -> bool:
    """Whether somebody has the lock. The next one to open a session takes away a killed one's."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _until_quiet(terminal: int) -> None:
    """Until a prompt has come and nothing follows; or its end."""
    text = b""
    while not (text.rstrip().endswith(b"$") and not select.select([terminal], [], [], 0.5)[0]):
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:
            return
        if not part:
            return
        text += part


def _processes(data: Path) -> list[str]:
    """Programs of this user: begun with their data folder."""
    sign = f"INFRALAB_DATA_DIR={data}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if sign in (entry / "environ").read_bytes():
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    found.append(f"{entry.name} {words.decode(errors='replace')}")
            except OSError:
                continue
    return found


def _loops(name: str) -> list[str]:
    found = []
    for path in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            if name in path.read_text():
                found.append(path.parts[3])
        # Others' come and go meanwhile.
        except OSError:
            continue
    return found


def _on_engine(me: str, sessions: list[str]) -> list[str]:
    client = engine.connect()
    mine = {"label": f"{owner.OWNER}={me}"}
    things: list[tuple[str, Any]] = [
        *(("container", c) for c in client.api.containers(all=True, filters=mine)),
        *(("volume", v) for v in client.api.volumes(filters=mine).get("Volumes") or []),
        *(("network", n) for n in client.api.networks(filters=mine)),
    ]
    return [
        f"{kind} {thing.get('Name') or thing['Names'][0]}"
        for kind, thing in things
        if thing["Labels"][gc.SESSION] not in sessions
    ]


def sweep(data: Path) -> list[str]:
    """What `infralab gc` does, for this user's sessions alone; says what could not be removed.

    The verb looks at old images, too, which others who work at infralab have made.
    """
    gc.YOUNG = timedelta(0)  # type: ignore[misc]
    record = Record(data / "progress.sqlite")
    try:
        found = gc.leftovers(record, owner.name(data))
        mine = [one for one in found if one.whose == "mine" and one.session]
        return [f"{thing.name}: {why}" for thing, why in asyncio.run(gc.sweep(mine))]
    finally:
        record.close()


if __name__ == "__main__":
    print(sweep(Path(sys.argv[1])))
