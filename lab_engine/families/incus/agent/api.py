"""The way to the Incus of the bench: its REST API on the Unix socket, each call with a time limit.

What takes long answers at once with an operation, for which one waits (doc/rest-api.md,
"Background operation").
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from lab_engine.common.patience import patient
from lab_engine.common.resource import Resource
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.incus.family import FAMILY
from lab_engine.families.provider import MARK_PREFIX, Mark, Owned

SOCKET: Final = FAMILY.daemon.socket if FAMILY.daemon else ""
SECONDS: Final = 8.0
"""How long a call may take that only asks."""
WORK_SECONDS: Final = 30.0
"""How long one may take that makes or removes something."""
ABSENT: Final = 404
_ERRORS_FROM: Final = 400

MARK_KEY: Final = f"user.{MARK_PREFIX}"
SPEC_KEY: Final = f"user.{MARK_PREFIX}.spec"
"""Keys below `user.` are free for everybody (doc/config-options)."""


class RefusedError(Exception):
    """Incus answered that it will not, or could not."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.message = message
        self.code = code

    @property
    def absent(self) -> bool:
        return self.code == ABSENT


class UnixConnection(http.client.HTTPConnection):
    """HTTP on the socket of the daemon."""

    def __init__(self, seconds: float) -> None:
        super().__init__("incus", timeout=seconds)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def path(*parts: str, **query: str) -> str:
    """A path of the API from parts that may hold anything.

    >>> path("instances", "web1", project="bank")
    '/1.0/instances/web1?project=bank'
    """
    words = "/".join(quote(part, safe="") for part in parts)
    asked = {key.replace("_", "-"): value for key, value in query.items()}
    return f"/1.0/{words}" + (f"?{urlencode(asked)}" if asked else "")


class Api:
    """Calls of one `asking` block. Not shared between threads."""

    def __init__(self, seconds: float) -> None:
        self._seconds = patient(seconds)

    def get(self, where: str) -> Any:
        """The `metadata` of the answer. Raises RefusedError and OSError."""
        return self.call("GET", where)

    def find(self, where: str) -> Any:
        """The same; None when there is nothing of that name."""
        try:
            return self.get(where)
        except RefusedError as refused:
            if refused.absent:
                return None
            raise

    def call(
        self, method: str, where: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """One call, and the end of the operation that it may begin. `body` may be bytes."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        told = {"Content-Type": "application/json", **(headers or {})}
        answer = self._once(method, where, None if body is None else data, told)
        if answer.get("type") != "async":
            return answer.get("metadata")
        wait = f"{answer['operation']}/wait?timeout={self._seconds:.0f}"
        operation = self._once("GET", wait, None, {})["metadata"]
        if operation["status"] == "Running":
            raise TimeoutError(f"{method} {where} is not done after {self._seconds:.0f} s")
        if operation["status"] != "Success":
            raise RefusedError(operation["err"] or operation["status"], operation["status_code"])
        return operation

    def remove(self, where: str) -> None:
        """DELETE. Absent is no error."""
        try:
            self.call("DELETE", where)
        except RefusedError as refused:
            if not refused.absent:
                raise

    def _once(
        self, method: str, where: str, data: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        # The wait for an operation ends on the daemon's side, which then says how far it is.
        connection = UnixConnection(self._seconds + 1)
        try:
            connection.request(method, where, body=data, headers=dict(headers))
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        answer: dict[str, Any] = msgspec.json.decode(raw)
        if response.status >= _ERRORS_FROM or answer.get("type") == "error":
            raise RefusedError(answer.get("error") or str(response.status), response.status)
        return answer


@contextmanager
def asking(what: str, resource: str = "", *, seconds: float = SECONDS) -> Iterator[Api]:
    """The API, with errors of ours instead of HTTP's.

    `what` completes "when asked to". Raises DaemonDown when the daemon does not answer, or not in
    time, ProviderError when it refuses.
    """
    try:
        yield Api(seconds)
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise DaemonDown(
            f"Incus in the bench did not answer when asked to {what} ({type(error).__name__})",
            daemon="incus",
        ) from error
    except RefusedError as refused:
        raise ProviderError(
            f"Incus refused to {what}: {refused.message}",
            resource=resource,
            hint="`incus warning list` and /var/log/infralab/incusd.log in the bench say more.",
        ) from refused


def marked(wanted: Resource, mark: Mark, spec: str) -> dict[str, str]:
    """The settings that a thing of ours bears: whose it is, and which wishes it was made from."""
    return {MARK_KEY: mark.text(wanted.key), SPEC_KEY: spec}


def is_ours(config: Mapping[str, str], key: str, mark: Mark) -> bool:
    """A copy of a thing has its settings, and with them a mark that names the original."""
    return config.get(MARK_KEY) == mark.text(key)


def owned(config: Mapping[str, str], key: str) -> Owned | None:
    """Whose a thing is by its settings; None for a copy of ours."""
    found = Owned.parse(config.get(MARK_KEY, ""))
    return found if found and found.key == key else None


def foreign(what: str, key: str, command: str) -> ProviderError:
    """The error for a name that is taken by something which is not ours."""
    return ProviderError(
        f"{what} is there already, and infralab did not make it",
        resource=key,
        hint=f"If you do not need it any more: `{command}`.",
    )
