"""A program that runs in the bench for as long as the step does."""

from __future__ import annotations

import re

import msgspec

from lab_engine.common import digest
from lab_engine.common.paths import owner_problem, path_problem
from lab_engine.common.resource import Need, Resource, Stage

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEY = re.compile(r"[a-z-]+/\S+\Z")
LOG_FOLDER = "/var/log/infralab/services"


class TcpReady(msgspec.Struct, frozen=True, tag="tcp", tag_field="by"):
    """Ready when a connection to the port is accepted, where the service runs."""

    port: int
    address: str = "127.0.0.1"


class HttpReady(msgspec.Struct, frozen=True, tag="http", tag_field="by"):
    """Ready when a GET of the path is answered with the status, where the service runs."""

    port: int
    path: str = "/"
    status: int = 200
    address: str = "127.0.0.1"


class FileReady(msgspec.Struct, frozen=True, tag="file", tag_field="by"):
    """Ready when the path exists."""

    path: str


Readiness = TcpReady | HttpReady | FileReady


class Service(Resource, frozen=True, kw_only=True, tag="service"):
    """A program with its own session, its output in a log file.

    Args:
        argv: the program and its words; nothing is given to a shell.
        user: who runs it.
        cwd: the folder in which it starts.
        env: variables besides PATH, HOME, USER and LANG.
        host: the name of a `host` (network namespace) to run it in; empty for the bench itself.
        ready: how to see that it does its work; without it, running is enough.
        after: keys of resources that it uses, such as `file/site`.
        log: the log file; `/var/log/infralab/services/<name>.log` when empty.

    Example::

        Service(
            "site",
            argv=("python3", "-m", "http.server", "8000"),
            cwd="/srv/site",
            host="red",
            ready=TcpReady(8000),
            after=("directory/site",),
        )
    """

    argv: tuple[str, ...]
    user: str = "learner"
    cwd: str = "/"
    env: dict[str, str] = msgspec.field(default_factory=dict)
    host: str = ""
    ready: Readiness | None = None
    after: tuple[str, ...] = ()
    log: str = ""

    def validate(self) -> None:
        if not self.argv or not self.argv[0]:
            raise self.wrong("argv", "names no program")
        if any("\0" in word for word in self.argv):
            raise self.wrong("argv", "has a word with a zero byte")
        if problem := owner_problem(self.user):
            raise self.wrong("user", problem)
        if not self.cwd.startswith("/"):
            raise self.wrong("cwd", f"{self.cwd!r} is not an absolute path")
        for name in self.env:
            if not _VARIABLE.match(name) or name.startswith("INFRALAB_"):
                raise self.wrong(f"env[{name!r}]", "is not a name that a service may set")
        if isinstance(self.ready, TcpReady | HttpReady) and not 0 < self.ready.port < 65536:
            raise self.wrong("ready.port", f"{self.ready.port} is not a port")
        if isinstance(self.ready, HttpReady) and not self.ready.path.startswith("/"):
            raise self.wrong("ready.path", f"{self.ready.path!r} does not begin with /")
        if self.log and (problem := path_problem(self.log)):
            raise self.wrong("log", problem)
        for index, key in enumerate(self.after):
            if not _KEY.match(key):
                raise self.wrong(f"after[{index}]", f"{key!r} is not a resource's key")

    def needs(self) -> tuple[Need, ...]:
        host = (Need(f"host/{self.host}", "running"),) if self.host else ()
        return (*host, *(Need(key) for key in self.after))

    def final_stage(self) -> Stage:
        return "answers" if self.ready else "running"

    @property
    def log_path(self) -> str:
        return self.log or f"{LOG_FOLDER}/{self.name}.log"

    def fingerprint(self) -> str:
        """A short text that changes when any field does."""
        return digest.of(self)
