"""The way to the Docker engine inside the bench: one client a thread, each call with a time limit.

An `APIClient` is not safe to share between threads (docker-py, issue 3229), so each keeps its own.
The API's version is fixed, which spares the question for it on every new client.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import docker
import docker.errors
import msgspec
import requests

from lab_engine.common import digest
from lab_engine.common.patience import patient
from lab_engine.common.resource import Resource
from lab_engine.errors import DaemonDown, ProviderError
from lab_engine.families.provider import MARK_PREFIX, Mark, Owned

SOCKET: Final = "/var/run/docker.sock"
# That of Docker 26, which the bench has.
API_VERSION: Final = "1.45"
SECONDS: Final = 8.0
"""How long the engine may take over a call that only asks."""
WORK_SECONDS: Final = 30.0
"""How long it may take over a call that makes or removes something."""

SESSION_LABEL: Final = f"{MARK_PREFIX}.session"
RESOURCE_LABEL: Final = f"{MARK_PREFIX}.resource"
SPEC_LABEL: Final = f"{MARK_PREFIX}.spec"

CONFLICT: Final = 409

Api = Any
"""An `APIClient`. Its type stubs leave half of the calls untyped, so it is not named as a type."""

_local = threading.local()


def client() -> Api:
    """This thread's client. Making one asks the engine nothing."""
    found: Api = getattr(_local, "client", None)
    if found is None:
        found = docker.APIClient(base_url=f"unix://{SOCKET}", version=API_VERSION)
        _local.client = found
    return found


def _down(what: str, error: Exception) -> DaemonDown:
    return DaemonDown(
        f"the Docker engine in the bench did not answer when asked to {what} "
        f"({type(error).__name__})",
        daemon="docker",
    )


@contextmanager
def asking(what: str, resource: str = "", *, seconds: float = SECONDS) -> Iterator[Api]:
    """This thread's client, with the errors of ours instead of the library's.

    `what` completes "when asked to"; each call may take `seconds`, more on a slow machine.
    Raises DaemonDown when the socket does not answer or not in time, ProviderError when the
    engine refuses.
    """
    api = client()
    # One such block may stand within another, and a thread has one client for both.
    outer, api.timeout = api.timeout, patient(seconds)
    try:
        yield api
    except (requests.ConnectionError, requests.Timeout) as error:
        _local.client = None
        raise _down(what, error) from error
    except docker.errors.APIError as error:
        raise ProviderError(
            f"the Docker engine refused to {what}: {error.explanation or error}",
            resource=resource,
            hint="`docker events --since 5m` in the bench shows what the engine did.",
        ) from error
    except docker.errors.DockerException as error:
        raise _down(what, error) from error
    finally:
        api.timeout = outer


def labels(wanted: Resource, mark: Mark) -> dict[str, str]:
    """The labels that a resource of ours bears: whose it is, and which wishes it was made from."""
    return {**mark.labels(wanted.key), SPEC_LABEL: digest.of(wanted)}


def is_ours(found: Mapping[str, str] | None, key: str, mark: Mark) -> bool:
    """Whether labels are those of the session's own resource `key`."""
    return bool(found) and mark.labels(key).items() <= (found or {}).items()


def owned_by(found: Mapping[str, str] | None, kind: str) -> Owned | None:
    """Whose a thing is by its labels.

    An image's labels pass to its containers, so the kind must be right too.
    """
    session = (found or {}).get(SESSION_LABEL, "")
    key = (found or {}).get(RESOURCE_LABEL, "")
    return Owned(key, session) if session and key.startswith(f"{kind}/") else None


def foreign(what: str, key: str) -> ProviderError:
    """The error for a name that is taken by something which is not ours."""
    name = key.partition("/")[2]
    command = {"container": "rm -f", "docker-network": "network rm", "docker-volume": "volume rm"}
    verb = command.get(key.partition("/")[0], "rmi")
    return ProviderError(
        f"{what} called {name!r} is there already, and infralab did not make it",
        resource=key,
        hint=f"If you do not need it any more: `docker {verb} {name}`.",
    )


def remove_container(api: Api, identity: str) -> None:
    """Remove a container whatever it does, with its anonymous volumes, and return when it is gone.

    Raises docker.errors.NotFound when it was gone before.
    """
    try:
        api.remove_container(identity, force=True, v=True)
    except docker.errors.APIError as error:
        # Somebody asked for it before, such as an agent that was killed since: the engine goes on,
        # and refuses the second one meanwhile.
        if error.status_code != CONFLICT or "already in progress" not in str(error.explanation):
            raise
        with suppress(docker.errors.NotFound):
            api.wait(identity, timeout=api.timeout, condition="removed")


def free(api: Api, users: Iterable[Mapping[str, Any]], key: str, mark: Mark) -> None:
    """Remove the session's own containers among `users`, which hold on to `key`.

    They need it, so whoever replaces it makes them anew. Raises ProviderError for others.
    """
    others = []
    for entry in users:
        name = entry["Names"][0].lstrip("/")
        if is_ours(entry["Labels"], f"container/{name}", mark):
            remove_container(api, entry["Id"])
        else:
            others.append(name)
    if others:
        raise ProviderError(
            f"is still used by {', '.join(sorted(others))}",
            resource=key,
            hint=f"`docker rm -f {' '.join(sorted(others))}` frees it.",
        )


class UnixConnection(http.client.HTTPConnection):
    """A plain HTTP connection to the engine, for answers that are streams of bytes."""

    def __init__(self, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # http.client forgets its socket once an answer of unknown length has begun.
        self._raw = self.sock
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)

    def wait_at_most(self, seconds: float) -> None:
        """Limit each further read; TimeoutError is raised after that."""
        self._raw.settimeout(seconds)

    def ask(self, method: str, path: str, body: Any = None) -> http.client.HTTPResponse:
        """Send one request. Raises OSError when the socket does not answer."""
        data = None if body is None else msgspec.json.encode(body)
        headers = {} if data is None else {"Content-Type": "application/json"}
        self.request(method, f"/v{API_VERSION}{path}", body=data, headers=headers)
        return self.getresponse()
