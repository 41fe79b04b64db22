"""Runs a program as the learner within limits of time, memory and output (agent side).

unshare(1) gives it a pid namespace, whose processes all end with the first (pid_namespaces(7)), and
setpriv(1) the learner's user and no way to more rights (PR_SET_NO_NEW_PRIVS).
"""

from __future__ import annotations

import os
import pwd
import resource
import selectors
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lab_engine.common import ordinary
from lab_engine.families.process.agent.service import SEARCH

LEARNER: Final = "learner"
WHOLE: Final = 16 << 20
"""Bytes of a folder that is copied, and of a file that the program writes."""
ENTRIES: Final = 2000
SECONDS_LIMIT: Final = 20.0
NOT_RUNNABLE: Final = (126, 127)
"""Exit codes of setpriv for a program that cannot be run, or is not there."""
_SAID: Final = "setpriv: "
_FIRST: Final = ("sh", "-c", '"$@"; exit $?', "sh")
"""The first process of the namespace, root's: its end is tied to unshare's, which a change of the
user would undo (PR_SET_PDEATHSIG), and a first process cannot even kill itself."""


class TooLarge(Exception):
    """The folder has more than is copied."""


class Ended(NamedTuple):
    """How it ended: `code` is -N for signal N; `why` says why it could not be started."""

    code: int
    out: str = ""
    err: str = ""
    timed_out: bool = False
    cut: bool = False
    why: str = ""


def copy_folder(path: Path, folder: Path) -> None:
    """Copy what is in a folder into another one. Raises OSError or TooLarge.

    Pipes, sockets and devices are left out.
    """
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
                raise TooLarge
            (here / name).write_bytes(ordinary.read(source, WHOLE))
            (here / name).chmod(stat.S_IMODE(source.lstat().st_mode) & 0o777)


def hand_over(folder: Path) -> None:
    """Give the learner a folder and all that is in it."""
    account = pwd.getpwnam(LEARNER)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def run(
    argv: Sequence[str],
    folder: Path,
    *,
    seconds: float,
    memory: int,
    limit: int,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program as the learner in `folder`, which is its home, too.

    `memory` is in MiB, `limit` in bytes of each stream.
    """
    account = pwd.getpwnam(LEARNER)
    seconds = min(seconds, SECONDS_LIMIT)

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory << 20,) * 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (WHOLE,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NPROC, (400, 400))

    words = [
        "unshare", "--pid", "--fork", "--kill-child", "--", *_FIRST,
        "setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups",
        "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--", *argv,
    ]  # fmt: skip
    settings = {
        "PATH": SEARCH, "HOME": str(folder), "USER": LEARNER, "LANG": "C.UTF-8",
        **(environment or {}),
    }  # fmt: skip
    with tempfile.TemporaryFile() as given:
        given.write(stdin.encode())
        given.seek(0)
        with subprocess.Popen(
            words, cwd=folder, env=settings, stdin=given, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=limits, start_new_session=True,
        ) as running:  # fmt: skip
            out, err, timed_out, cut = _listen(running, time.monotonic() + seconds, limit)
            # unshare takes its child with it, and that one, the first of its namespace, all others.
            if timed_out or cut:
                running.kill()
            code = running.wait()
    text = err.decode(errors="replace")
    if code in NOT_RUNNABLE and text.startswith(_SAID):
        return Ended(code, why=text.removeprefix(_SAID).strip())
    return Ended(
        128 - code if code > 128 else code, out.decode(errors="replace"), text, timed_out, cut
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
