"""An ssh server of this machine, for the user who runs the tests, on a port of the loopback."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SECONDS = 20
PRIVSEP = Path("/run/sshd")
"""Where the server of root goes with what it does for strangers (sshd(8))."""


@dataclass(frozen=True)
class Server:
    """Where it listens, and the folder with an `ssh` that knows its key."""

    port: int
    folder: Path

    def address(self, path: str = "") -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}"

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.folder}:{os.environ['PATH']}"}


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Run one while the block lasts; its keys lie in `folder`."""
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])
    client = shutil.which("ssh")
    if program is None or client is None:
        pytest.skip("openssh-server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, timeout=SECONDS)
    public = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    (folder / "sshd.conf").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/user.pub\nPidFile none\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
    )
    (folder / "ssh.conf").write_text(
        f"IdentityFile {folder}/user\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known\n"
    )
    # ssh reads its configuration from the home folder of the user's entry, whatever HOME says.
    (folder / "ssh").write_text(f'#!/bin/sh\nexec {client} -F {folder}/ssh.conf "$@"\n')
    (folder / "ssh").chmod(0o755)
    made = os.geteuid() == 0 and not PRIVSEP.exists()
    if made:
        PRIVSEP.mkdir(mode=0o755)
    log = (folder / "log").open("wb")
    running = subprocess.Popen([program, "-D", "-e", "-f", folder / "sshd.conf"], stderr=log)
    try:
        _wait(port, folder / "log")
        yield Server(port, folder)
    finally:
        running.terminate()
        running.wait(SECONDS)
        log.close()
        if made:
            PRIVSEP.rmdir()


def _wait(port: int, log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"no ssh server listens:\n{log.read_text()}")
