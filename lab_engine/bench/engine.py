"""The Docker engine on the learner's side: one client, time limits, errors a person can act on.

The docker SDK is untyped; this module and its neighbours treat its values as `Any` at the boundary.
"""

from __future__ import annotations

import ipaddress
import os
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import docker
import requests
from docker import errors as docker_errors
from docker.auth import AuthConfig
from docker.constants import DEFAULT_DOCKER_API_VERSION
from docker.utils.proxy import ProxyConfig

from lab_engine.common import patience
from lab_engine.errors import BenchError, DockerUnavailable

TIMEOUT: Final = 30 * patience.factor()
"""Seconds that an ordinary call to the engine may take."""
FIRST_ANSWER: Final = patience.patient(30.0)
"""Seconds until the engine has said that it is there."""

DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
_ENVIRONMENT: Final = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")

START_HINT: Final = (
    "Start it with `sudo systemctl start docker`, or `sudo dockerd` where there is no systemd. "
    "`infralab doctor` shows more."
)


def connect(timeout: int = TIMEOUT) -> Any:
    """Return a `docker.DockerClient` for the engine that the environment names.

    Raises:
        DockerUnavailable: no engine answers, or this user may not use it.
    """
    where = tuple(os.environ.get(name, "") for name in _ENVIRONMENT)
    try:
        _knock(where[0] or DEFAULT_HOST)
        return _answering(timeout, where)
    except (docker_errors.DockerException, requests.RequestException, OSError) as error:
        raise unavailable(error) from error
    except ValueError as error:
        # From the reader of URLs, which the SDK does not expect to fail.
        raise DockerUnavailable(
            f"DOCKER_HOST is {where[0]!r}, which is no address of an engine: {error}",
            hint="Such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375; or leave it out.",
        ) from error


def _answering(timeout: int, where: tuple[str, ...]) -> Any:
    """A client that has had a first answer, within a limit for the whole of it.

    The SDK's limit is for each read: an engine that sends a byte now and then would hold us for
    ever. The thread of such a one is left to itself, since nothing can end a read from outside.
    """
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            client = _client(timeout, where)
            client.ping()
            answers.put(client)
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="first answer").start()
    try:
        answer = answers.get(timeout=FIRST_ANSWER)
    except queue.Empty:
        raise DockerUnavailable(
            f"the Docker engine at {where[0] or DEFAULT_HOST} gave no whole answer in "
            f"{FIRST_ANSWER:g} s",
            hint="Look at its log (`journalctl -u docker`); restart it if it hangs.",
        ) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _knock(host: str) -> None:
    """Fail early where nobody listens; the SDK would leave an open socket behind."""
    if host.startswith("ssh://"):
        raise DockerUnavailable(
            f"infralab cannot use the engine at {host} through ssh itself",
            hint="Forward its socket, and name that:\n"
            f"ssh -fnNT -L /tmp/engine.sock:/var/run/docker.sock {host}\n"
            "export DOCKER_HOST=unix:///tmp/engine.sock",
        )
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            probe.connect(host.removeprefix("unix://"))


@cache
def _client(timeout: int, where: tuple[str, ...]) -> Any:
    """One client for each engine and time limit; it keeps its connections open."""
    # With a version named, the SDK asks nothing yet: it would ask through the proxy.
    client: Any = docker.from_env(timeout=timeout, version=DEFAULT_DOCKER_API_VERSION)
    if not _elsewhere(where[0] or DEFAULT_HOST):
        client.api.trust_env = False
    client.api._version = client.api._retrieve_server_version()
    # The SDK takes the user's proxies into each container, and runs a credential helper at each
    # build. Neither has to do with a bench, and a helper that is not installed would end the build.
    client.api._proxy_configs = ProxyConfig({})
    client.api._auth_configs = AuthConfig({})
    return client


def _elsewhere(host: str) -> bool:
    """Whether the engine is on another machine: only there do the user's proxies lead.

    `docker` never uses a proxy for a loopback address either. Raises ValueError.
    """
    name = urlsplit(host).hostname
    if not name or name == "localhost" or host.startswith(("unix://", "http+unix://")):
        return False
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return True


def unavailable(error: BaseException) -> DockerUnavailable:
    """Say why the engine cannot be used, from the error that a first call gave."""
    where = os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    text = str(error)
    # The SDK and requests wrap the system's error in their own: often only its text is left.
    if isinstance(error, PermissionError) or "Permission denied" in text:
        return DockerUnavailable(
            f"this user may not use the Docker engine at {where}",
            hint="Either join the group (`sudo usermod -aG docker $USER`, then log in again), "
            "or run infralab with sudo.",
        )
    absent = isinstance(error, FileNotFoundError | ConnectionRefusedError)
    if absent or "Connection refused" in text or "No such file" in text:
        return DockerUnavailable(f"no Docker engine answers at {where}", hint=START_HINT)
    return DockerUnavailable(
        f"the Docker engine at {where} cannot be used: {text}", hint=START_HINT
    )


@contextmanager
def explain(asked: str, *, hint: str = "") -> Iterator[None]:
    """Turn what the SDK raises into a `BenchError` that begins with what was `asked`."""
    try:
        yield
    except docker_errors.APIError as error:
        found = error.explanation or str(error)
        raise BenchError(
            f"{asked}: the Docker engine answers: {found}", hint=hint or _hint(str(found))
        ) from error
    except requests.exceptions.Timeout as error:
        raise BenchError(
            f"{asked}: the Docker engine gave no answer in time",
            hint="Look at its log (`journalctl -u docker`); restart it if it hangs.",
        ) from error
    except (requests.RequestException, docker_errors.DockerException) as error:
        raise unavailable(error) from error


def _hint(found: str) -> str:
    text = found.lower()
    if "no space left" in text:
        return "Free some disk space (`docker system df` shows what Docker holds), then try again."
    if "cannot allocate memory" in text:
        return "Free some memory, or set a smaller `bench_memory`, then try again."
    return "`infralab doctor` checks what a bench needs."
