"""Runs a copy of a learner's program within limits, as the learner (agent side).

unshare(1) gives it a pid namespace, whose processes all end with the first (pid_namespaces(7)), and
setpriv(1) the learner's user and no way to more rights (PR_SET_NO_NEW_PRIVS).
"""

from __future__ import annotations

import os
import pwd
import resource
import selectors
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import ordinary
from lab_engine.common.probe import Probe
from lab_engine.families.process.agent.service import SEARCH
from lab_engine.families.process.probes import TrialProbe, TrialReading

LEARNER: Final = "learner"
WHOLE: Final = 16 << 20
"""Bytes of a folder that is copied, and of a file that the program writes."""
ENTRIES: Final = 2000
MADE: Final = 64 << 10
SECONDS_LIMIT: Final = 20.0
NOT_RUNNABLE: Final = (126, 127)
"""Exit codes of setpriv for a program that cannot be run, or is not there."""
_SAID: Final = "setpriv: "
_FIRST: Final = ("sh", "-c", '"$@"; exit $?', "sh")
"""The first process of the namespace, root's: its end is tied to unshare's, which a change of the
user would undo (PR_SET_PDEATHSIG), and a first process cannot even kill itself."""


class _TooLarge(Exception):
    """The folder has more than is copied."""


def trial(probe: TrialProbe) -> TrialReading:
    account = pwd.getpwnam(LEARNER)
    folder = Path(tempfile.mkdtemp(prefix="trial-", dir="/tmp"))
    try:
        try:
            program = _copy(Path(probe.path), folder, probe)
        except FileNotFoundError:
            return TrialReading(exists=False)
        except _TooLarge:
            return TrialReading(ran=False, why=f"it is larger than {WHOLE >> 20} MiB")
        except OSError as error:
            return TrialReading(ran=False, why=error.strerror or str(error))
        for name, text in probe.files.items():
            (folder / Path(name).name).write_text(text, encoding="utf-8")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
        before = _state(folder)
        found = _run(program, folder, account, probe)
        return msgspec.structs.replace(found, made=_made(folder, before))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(path: Path, folder: Path, probe: TrialProbe) -> Path:
    """Copy the file or the folder; returns the program's copy. Raises OSError or _TooLarge."""
    if not path.is_dir():
        program = folder / path.name
        program.write_bytes(ordinary.read(path, WHOLE))
        program.chmod(stat.S_IMODE(path.stat().st_mode) & 0o777)
        return program
    left, entries = WHOLE, ENTRIES
    for there, names, files in os.walk(path):
        here = folder / Path(there).relative_to(path)
        entries -= len(names) + len(files)
        for name in names:
            if not (Path(there) / name).is_symlink():
                (here / name).mkdir()
        for name in files:
            source = Path(there) / name
            if source.is_symlink():
                (here / name).symlink_to(source.readlink())
                continue
            if not stat.S_ISREG(source.lstat().st_mode):
                continue
            left -= source.lstat().st_size
            if left < 0 or entries < 0:
                raise _TooLarge
            (here / name).write_bytes(ordinary.read(source, WHOLE))
            (here / name).chmod(stat.S_IMODE(source.lstat().st_mode) & 0o777)
    return folder / (probe.program or "run")


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in _files(folder):
        about = path.lstat()
        found[str(path.relative_to(folder))] = (about.st_mtime_ns, about.st_size)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for at, (there, _, names) in enumerate(os.walk(folder)):
        if at > ENTRIES:
            return
        for name in names[:ENTRIES]:
            path = Path(there) / name
            with suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path


def _made(folder: Path, before: dict[str, tuple[int, int]]) -> dict[str, str]:
    made: dict[str, str] = {}
    for path in _files(folder):
        name = str(path.relative_to(folder))
        about = path.lstat()
        if before.get(name) != (about.st_mtime_ns, about.st_size) and about.st_size <= MADE:
            with suppress(OSError):
                made[name] = ordinary.read(path, MADE).decode(errors="replace")
        if len(made) >= 100:
            break
    return made


def _run(program: Path, folder: Path, account: Any, probe: TrialProbe) -> TrialReading:
    seconds = min(probe.seconds, SECONDS_LIMIT)

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (probe.memory << 20,) * 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (WHOLE,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NPROC, (400, 400))

    argv = [
        "unshare", "--pid", "--fork", "--kill-child", "--", *_FIRST,
        "setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups",
        "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--", str(program), *probe.args,
    ]  # fmt: skip
    environment = {
        "PATH": SEARCH, "HOME": str(folder), "USER": LEARNER, "LANG": "C.UTF-8",
        **probe.environment,
    }  # fmt: skip
    with tempfile.TemporaryFile() as given:
        given.write(probe.stdin.encode())
        given.seek(0)
        with subprocess.Popen(
            argv, cwd=folder, env=environment, stdin=given, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=limits, start_new_session=True,
        ) as running:  # fmt: skip
            out, err, timed_out, cut = _listen(running, time.monotonic() + seconds, probe.limit)
            # unshare takes its child with it, and that one, the first of its namespace, all others.
            if timed_out or cut:
                running.kill()
            code = running.wait()
    text = err.decode(errors="replace")
    if code in NOT_RUNNABLE and text.startswith(_SAID):
        return TrialReading(ran=False, why=text.removeprefix(_SAID).strip(), code=code)
    return TrialReading(
        code=128 - code if code > 128 else code,
        out=out.decode(errors="replace"),
        err=text,
        timed_out=timed_out,
        cut=cut,
    )


def _listen(
    running: subprocess.Popen[bytes], deadline: float, limit: int
) -> tuple[bytes, bytes, bool, bool]:
    """What it writes until both streams end: out, err, whether the time or the limit was up."""
    kept = {"out": b"", "err": b""}
    with selectors.DefaultSelector() as waiting:
        waiting.register(running.stdout or 0, selectors.EVENT_READ, "out")
        waiting.register(running.stderr or 0, selectors.EVENT_READ, "err")
        while waiting.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return kept["out"], kept["err"], True, False
            for key, _ in waiting.select(left):
                data = os.read(key.fd, 65536)
                if not data:
                    waiting.unregister(key.fileobj)
                    continue
                kept[key.data] += data
                if len(kept[key.data]) > limit:
                    return kept["out"][:limit], kept["err"][:limit], False, True
    # A program may close its streams and go on.
    try:
        running.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return kept["out"], kept["err"], True, False
    return kept["out"], kept["err"], False, False


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {TrialProbe: trial}
