"""An engine behind `ssh://`: each connection is the `ssh` program, as in Docker's own client.

The SDK has two ways of its own. One needs paramiko, which reads only a part of ssh's configuration;
the other runs `ssh` too, but over pipes, on which it keeps no time limit.

Source: docker/cli, cli/connhelper (the words of the command line).
"""

from __future__ import annotations

import os
import queue
import shutil
import socket
import subprocess
import threading
from typing import Any, Final, cast
from urllib.parse import SplitResult, unquote, urlsplit

from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool

SCHEME: Final = "ssh://"
CONNECT_SECONDS: Final = 20
END_SECONDS: Final = 5.0
LONGEST: Final = 1000


def argv(host: str) -> list[str]:
    """The command line whose input and output are a connection to the engine at `host`.

    Raises ValueError for what is no such address, FileNotFoundError without the program `ssh`.
    """
    program = shutil.which("ssh")
    if program is None:
        raise FileNotFoundError("ssh")
    where = _parts(host)
    words = [program, "-T", "-o", f"ConnectTimeout={CONNECT_SECONDS}"]
    # It would ask for the password once for each connection, in the middle of the screen.
    words += ["-o", "BatchMode=yes"]
    if where.username:
        words += ["-l", unquote(where.username)]
    if where.port:
        words += ["-p", str(where.port)]
    docker = ["docker"]
    if where.path not in ("", "/"):
        docker += ["--host", f"unix://{where.path}"]
    return [*words, "--", str(where.hostname), *docker, "system", "dial-stdio"]


def _parts(host: str) -> SplitResult:
    where = urlsplit(host)
    if not where.hostname:
        raise ValueError("it names no host")
    if where.password is not None:
        raise ValueError("a password cannot stand in it; use a key")
    if where.query or where.fragment:
        raise ValueError("there is something behind the path")
    # Raises ValueError for a number that is no port.
    _ = where.port
    return where


class _Ssh:
    """A running `ssh`, and what it complains of."""

    def __init__(self, host: str, end: int) -> None:
        self._errors, theirs = os.pipe()
        try:
            self.process = subprocess.Popen(
                argv(host),
                stdin=end,
                stdout=end,
                stderr=theirs,
                # Ctrl-C is for us: what undoes the work needs the connection.
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self._said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True, name="ssh").start()

    def _listen(self) -> None:
        """Read until it has ended: a full pipe would hold it up."""
        last = b""
        with os.fdopen(self._errors, "rb") as errors:
            for line in errors:
                last = line[-LONGEST:].strip() or last
        self.process.wait()
        self._said.put(last)

    def last_words(self) -> str:
        """The last line that it wrote, when it has ended or does so now; else empty."""
        try:
            said = self._said.get(timeout=END_SECONDS)
        except queue.Empty:
            return ""
        return f"ssh: {said.decode(errors='replace')}" if said else ""


class _Connection(UnixHTTPConnection):
    """A connection of the SDK's whose socket is one end of a pair; `ssh` has the other."""

    _ssh: _Ssh | None = None

    def connect(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._ssh = _Ssh(self.base_url, theirs.fileno())
        ours.settimeout(self.timeout)
        self.sock = ours

    def getresponse(self) -> Any:
        said = self._ssh
        try:
            return super().getresponse()
        except ConnectionError as error:
            raise ConnectionError((said and said.last_words()) or str(error)) from error

    def close(self) -> None:
        super().close()
        # `ssh` ends with its input, when the last response was read.
        self._ssh = None


class _Pool(UnixHTTPConnectionPool):
    def _new_conn(self) -> Any:
        return _Connection(self.base_url, self.socket_path, cast(int, self.timeout))


class Adapter(UnixHTTPAdapter):
    """The SDK's way to the engine at `host`, an `ssh://` address."""

    def __init__(self, host: str, timeout: int) -> None:
        super().__init__("http+unix:///", timeout)
        self._host = host

    def get_connection(self, url: Any, proxies: Any = None) -> _Pool:
        with self.pools.lock:
            pool: _Pool | None = self.pools.get(url)
            if pool is None:
                pool = _Pool(self._host, "", self.timeout, maxsize=self.max_pool_size)
                self.pools[url] = pool
        return pool
