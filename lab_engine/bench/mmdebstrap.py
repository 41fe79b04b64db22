"""mmdebstrap as a child: what its calls share, what it tells, and its end when it is not wanted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

from lab_engine.bench import build, surroundings
from lab_engine.errors import ImageError

KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def there() -> bool:
    """Whether it can be called, and Debian's packages be trusted."""
    return shutil.which("mmdebstrap") is not None and KEYRING.exists()


def words(packages: Iterable[str], dpkg: Iterable[str], apt: Iterable[str]) -> list[str]:
    """The beginning of the command line: the smallest Debian, and these packages and options."""
    return [
        "mmdebstrap", "--verbose", "--variant=minbase", "--architectures=amd64",
        f"--keyring={KEYRING}", *(f"--dpkgopt={option}" for option in dpkg),
        *(f"--aptopt={option}" for option in apt), f"--include={','.join(packages)}",
    ]  # fmt: skip


def customize(inputs: Path, *after: str) -> list[str]:
    """The hooks that run `infralab/customize.sh` of the tar `inputs` in the tree.

    `after` are shell commands that run outside of it while the inputs are still there; the tree is
    their `$1`.
    """
    return [
        f"--customize-hook=tar-in {inputs} /tmp",
        '--customize-hook=chroot "$1" sh /tmp/infralab/customize.sh /tmp/infralab',
        *(f"--customize-hook={command}" for command in after),
        '--customize-hook=rm -rf "$1/tmp/infralab"',
    ]


@contextmanager
def running(
    command: list[str],
    folder: Path,
    progress: build.Progress,
    env: Mapping[str, str] | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], build.Follower]]:
    """The process while it runs, with its tree below `folder`; ended and cleaned up in the end.

    Raises:
        ImageError: it is not installed on this machine.
    """
    if not there():
        raise ImageError(
            "mmdebstrap or Debian's keyring is missing on this machine",
            hint="Install them: `sudo apt-get install mmdebstrap debian-archive-keyring`.",
        )
    # Without root mmdebstrap works with ids of a user namespace: they must get to the inputs, and
    # write below `root`.
    folder.chmod(0o711)
    root = folder / "root"
    root.mkdir()
    root.chmod(0o1777)
    follower = build.Follower(progress)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A group of its own: a signal reaches everything that mmdebstrap started, and Ctrl-C at the
        # terminal comes to us first.
        start_new_session=True,
        env={**surroundings.without_habits(os.environ), "TMPDIR": str(root), **(env or {})},
    )
    threads = [
        threading.Thread(target=target, args=(process, follower), daemon=True)
        # Both pipes must be read all the time: a full one stops who writes (pipe(7)).
        for target in (_follow, _keep_telling)
    ]
    for thread in threads:
        thread.start()
    try:
        yield process, follower
    finally:
        _end(process)
        for thread in threads:
            thread.join(timeout=5)


def failure(tail: list[str]) -> ImageError:
    """The error for an end that was not good, from the last lines that were written.

    What dpkg says is the cause, such as a full disk, and its reason stands on the next line.
    """
    causes: list[str] = []
    for line, after in pairwise([*tail, ""]):
        if line.startswith(("dpkg: error", "dpkg-deb: error")):
            causes += [line.strip(), after.strip()] if after.startswith(" ") else [line.strip()]
    errors = [line for line in tail if line.startswith("E: ")] or tail[-5:]
    return ImageError(
        f"mmdebstrap failed: {' '.join([*causes[:2], *errors[-5:]])}",
        hint="Check the network and the mirror (set another with INFRALAB_MIRROR), "
        "then run it again.",
    )


def _follow(process: subprocess.Popen[bytes], follower: build.Follower) -> None:
    """Tell how far it is. When whoever is told raises, they want no image any more: end it."""
    assert process.stderr is not None
    for raw in process.stderr:
        _tell(process, partial(follower.line, raw.decode(errors="replace").rstrip()))


def _keep_telling(process: subprocess.Popen[bytes], follower: build.Follower) -> None:
    while process.poll() is None:
        time.sleep(1)
        _tell(process, follower.still)


def _tell(process: subprocess.Popen[bytes], what: Callable[[], None]) -> None:
    try:
        what()
    except ImageError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let mmdebstrap clean up after itself; it unmounts and removes its tree on a signal."""
    if process.poll() is None:
        for number, patience in ((signal.SIGINT, 10), (signal.SIGTERM, 3), (signal.SIGKILL, 3)):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=patience)
                break
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
