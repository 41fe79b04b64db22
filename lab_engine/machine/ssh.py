"""The way into the machine: keys that are made with it, and one ssh connection for everything.

The connection stays in the background, forwards the engine's socket, and lets further commands
share it: under emulation a new one takes seconds. It ends with the machine.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lab_engine.common import replacing
from lab_engine.errors import BenchError
from lab_engine.machine.place import Place

NAME: Final = "infralab-machine"
"""What ssh knows the machine by; its port differs from start to start."""
REMOTE_SOCKET: Final = "/run/docker.sock"
SECONDS: Final = 20
"""Until a connection stands."""
OURS: Final = "id_ed25519"
THEIRS: Final = "host_ed25519"
KNOWN: Final = "known_hosts"


def make_keys(place: Place) -> None:
    """Make a pair of keys for us and one for the machine, and the disk that brings them there.

    Raises:
        BenchError: they could not be made.
    """
    try:
        with replacing.folder(place.keys, mode=0o700) as fresh:
            for name in (OURS, THEIRS):
                words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", NAME, "-f"]
                subprocess.run(
                    [*words, str(fresh / name)], check=True, capture_output=True, timeout=60
                )
            public = (fresh / f"{THEIRS}.pub").read_text(encoding="ascii")
            (fresh / KNOWN).write_text(f"{NAME} {public}", encoding="ascii")
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"the machine's keys cannot be made: {error}") from error
    with replacing.file(place.key_disk) as disk:
        disk.touch(mode=0o600)
        with tarfile.open(disk, "w") as tar:
            tar.add(place.keys / f"{OURS}.pub", "authorized_keys")
            tar.add(place.keys / THEIRS, THEIRS)


def options(place: Place) -> list[str]:
    """What each call of ssh gets: nothing of the user's own settings, keys or agents counts."""
    pairs = {
        "BatchMode": "yes",
        "ConnectTimeout": str(SECONDS),
        "ControlPath": _percents(place.control),
        "ForwardAgent": "no",
        "HostKeyAlias": NAME,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": _percents(place.keys / OURS),
        "LogLevel": "ERROR",
        "StrictHostKeyChecking": "yes",
        "User": "root",
        "UserKnownHostsFile": _percents(place.keys / KNOWN),
    }
    words = ["-F", "none"]
    for key, value in pairs.items():
        # Quoted for ssh itself, which splits a value at blanks.
        words += ["-o", f'{key}="{value}"' if " " in value else f"{key}={value}"]
    return words


def _percents(path: Path) -> str:
    return str(path).replace("%", "%%")


def connection_argv(place: Place, port: int) -> list[str]:
    """The command that makes the one connection, and ends when it stands (ssh(1), -f)."""
    forward = f"{place.engine}:{REMOTE_SOCKET}"
    return [
        "ssh", *options(place), "-o", "ControlMaster=yes", "-o", "ControlPersist=no",
        "-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindUnlink=yes",
        "-o", "StreamLocalBindMask=0177", "-o", "ServerAliveInterval=30",
        "-o", "ServerAliveCountMax=20", "-p", str(port), "-f", "-N", "-L", forward, "127.0.0.1",
    ]  # fmt: skip


def connect(place: Place, port: int, seconds: float) -> str:
    """Make the connection; what ssh complained of when it could not, else nothing."""
    with place.log.open("ab") as log:
        try:
            done = subprocess.run(
                connection_argv(place, port),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # To a file: what stays in the background would hold a pipe open.
                stderr=log,
                # Ctrl-C at the terminal is not for it.
                start_new_session=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no connection in {seconds:.0f} s"
    return "" if done.returncode == 0 else f"ssh ended with {done.returncode}"


def stands(place: Place) -> bool:
    """Whether the connection is there to be shared."""
    return _control(place, "check")


def end(place: Place) -> None:
    """End the connection, if it stands."""
    _control(place, "exit")


def _control(place: Place, word: str) -> bool:
    if not place.control.exists():
        return False
    words = ["ssh", *options(place), "-O", word, "127.0.0.1"]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def command_argv(place: Place, words: Sequence[str], *, tty: bool) -> list[str]:
    """A command in the machine, as root, over the connection; without words a shell."""
    line = [shlex.join(words)] if words else []
    return [*shared_argv(place), *(["-t"] if tty else []), "127.0.0.1", *line]


def shared_argv(place: Place) -> list[str]:
    """The beginning of a command line that only ever uses the connection that stands."""
    # Without it, ssh would knock at this computer's own port 22. And no escape character: what is
    # typed belongs to the program at the other end.
    return ["ssh", *options(place), "-o", "ProxyCommand=false", "-e", "none"]


def write_docker(place: Place) -> None:
    """A program `docker` that runs the machine's own, for a computer without one."""
    program = (
        "import os, shlex, sys\n"
        f"words = {shared_argv(place)!r}\n"
        "tty = ['-t'] if os.isatty(0) and os.isatty(1) else []\n"
        "line = shlex.join(['docker', *sys.argv[1:]])\n"
        "os.execvp('ssh', [*words, *tty, '127.0.0.1', line])\n"
    )
    script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -c {shlex.quote(program)} "$@"\n'
    place.programs.mkdir(exist_ok=True)
    replacing.write(place.programs / "docker", script.encode())
    (place.programs / "docker").chmod(0o755)
