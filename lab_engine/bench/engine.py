"""The Docker engine on the learner's side: one client, time limits, errors a person can act on.

The docker SDK is untyped; this module and its neighbours treat its values as `Any` at the boundary.
"""

from __future__ import annotations

import ipaddress
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
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

from lab_engine.bench import ssh
from lab_engine.common import patience
from lab_engine.errors import BenchError, DockerUnavailable

TIMEOUT: Final = 30 * patience.factor()
"""Seconds that an ordinary call to the engine may take."""
FIRST_ANSWER: Final = patience.patient(30.0)
"""Seconds until the engine has said that it is there."""

ANSWER_SECONDS: Final = 5.0
"""More than a call's own limit, in which the rest of an answer that has begun must come."""

DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
_ENVIRONMENT: Final = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")

MACHINE_SOCKET: Final = "/machine/docker.sock"
"""The end of the address of a virtual machine's engine (`settings.Settings.machine_socket`)."""
MACHINE_HINT: Final = "It is the virtual machine's. Boot it: `infralab machine start`."
START_HINT: Final = (
    "Start it with `sudo systemctl start docker`, or `sudo dockerd` where there is no systemd. "
    "`infralab doctor` shows more."
)


def connect(timeout: int = TIMEOUT, host: str | None = None) -> Any:
    """Return a `docker.DockerClient` for the engine at `host`, else the environment's.

    Raises:
        DockerUnavailable: no engine answers, or this user may not use it.
    """
    where = tuple(os.environ.get(name, "") for name in _ENVIRONMENT)
    if host is not None:
        where = (host, *where[1:])
    try:
        _knock(where[0] or DEFAULT_HOST)
        return _answering(timeout, where)
    except (docker_errors.DockerException, requests.RequestException, OSError) as error:
        raise unavailable(error, where[0]) from error
    except ValueError as error:
        # From the reader of URLs, which the SDK does not expect to fail.
        raise DockerUnavailable(
            f"DOCKER_HOST is {where[0]!r}, which is no address of an engine: {error}",
            hint="Such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375; or leave it out.",
        ) from error


def is_the_machines() -> bool:
    """Whether it is the virtual machine's, whose kernel is there for benches alone."""
    return os.environ.get("DOCKER_HOST", "").endswith(MACHINE_SOCKET)


def _answering(timeout: int, where: tuple[str, ...]) -> Any:
    """A client that has had a first answer, within a limit for the whole of it.

    The SDK's limit is for each read: an engine that sends a byte now and then would hold us for
    ever. The thread of such a one is left to itself, since nothing can end a read from outside.
    """

    def ask() -> Any:
        client = _client(timeout, where)
        client.ping()
        return client

    try:
        return _within(FIRST_ANSWER, ask)
    except queue.Empty:
        raise DockerUnavailable(
            f"the Docker engine at {where[0] or DEFAULT_HOST} gave no whole answer in "
            f"{FIRST_ANSWER:g} s",
            hint="Look at its log (`journalctl -u docker`); restart it if it hangs.",
        ) from None


def _within(seconds: float, call: Callable[[], Any]) -> Any:
    """What `call` gives or raises. Raises queue.Empty when it takes longer, and leaves it alone."""
    answers: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put((call(), None))
        except Exception as error:
            answers.put((None, error))

    threading.Thread(target=ask, daemon=True, name="engine").start()
    answer, error = answers.get(timeout=seconds)
    if error:
        raise error
    return answer


def _bounded(send: Callable[..., Any]) -> Callable[..., Any]:
    """The `send` of a client with a limit for the whole of an answer, not for each read of it.

    What comes in a stream is left as it is: a build or an image may take its time.
    """

    def bounded(request: Any, **options: Any) -> Any:
        limit = options.get("timeout")
        if options.get("stream") or not isinstance(limit, int | float):
            return send(request, **options)
        try:
            return _within(limit + ANSWER_SECONDS, lambda: send(request, **options))
        except queue.Empty:
            raise requests.exceptions.ReadTimeout(
                f"no whole answer in {limit + ANSWER_SECONDS:g} s"
            ) from None

    return bounded


def _knock(host: str) -> None:
    """Fail early where nobody listens; the SDK would leave an open socket behind."""
    if host.startswith(ssh.SCHEME):
        ssh.argv(host)
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            probe.connect(host.removeprefix("unix://"))


@cache
def _client(timeout: int, where: tuple[str, ...]) -> Any:
    """One client for each engine and time limit; it keeps its connections open."""
    # With a version named, the SDK asks nothing yet: it would ask through the proxy.
    if where[0].startswith(ssh.SCHEME):
        # Named by a socket, so that the SDK makes no connection of its own kinds.
        client: Any = docker.DockerClient(
            DEFAULT_HOST, timeout=timeout, version=DEFAULT_DOCKER_API_VERSION
        )
        client.api._custom_adapter = ssh.Adapter(where[0], timeout)
        client.api.mount("http+docker://", client.api._custom_adapter)
    else:
        client = docker.from_env(
            timeout=timeout,
            version=DEFAULT_DOCKER_API_VERSION,
            environment={
                name: value for name, value in zip(_ENVIRONMENT, where, strict=True) if value
            },
        )
    if not _elsewhere(where[0] or DEFAULT_HOST):
        client.api.trust_env = False
    client.api.send = _bounded(client.api.send)
    client.api._version = client.api._retrieve_server_version()
    # The SDK takes the user's proxies into each container, and runs a credential helper at each
    # build. Neither has to do with a bench, and a helper that is not installed would end the build.
    client.api._proxy_configs = ProxyConfig({})
    client.api._auth_configs = AuthConfig({})
    return client


def _elsewhere(host: str) -> bool:
    """Whether the engine is on another machine: only there do the user's proxies lead.

    `docker` never uses a proxy for a loopback address either, and `ssh` has its own ways. Raises
    ValueError.
    """
    name = urlsplit(host).hostname
    if not name or name == "localhost" or host.startswith(("unix://", "http+unix://", ssh.SCHEME)):
        return False
    try:
        return not ipaddress.ip_address(name).is_loopback
    except ValueError:
        return True


def unavailable(error: BaseException, host: str = "") -> DockerUnavailable:
    """Say why the engine cannot be used, from the error that a first call gave."""
    where = host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    text = str(error)
    if where.startswith(ssh.SCHEME):
        return _unreached(where, text)
    start = MACHINE_HINT if where.endswith(MACHINE_SOCKET) else START_HINT
    # The SDK and requests wrap the system's error in their own: often only its text is left.
    if isinstance(error, PermissionError) or "Permission denied" in text:
        return DockerUnavailable(
            f"this user may not use the Docker engine at {where}",
            hint="Either join the group (`sudo usermod -aG docker $USER`, then log in again), "
            "or run infralab with sudo.",
        )
    absent = isinstance(error, FileNotFoundError | ConnectionRefusedError)
    if absent or "Connection refused" in text or "No such file" in text:
        return DockerUnavailable(f"no Docker engine answers at {where}", hint=start)
    return DockerUnavailable(f"the Docker engine at {where} cannot be used: {text}", hint=start)


def _unreached(where: str, text: str) -> DockerUnavailable:
    """Say why an engine behind ssh cannot be used."""
    if text == "ssh":
        return DockerUnavailable(
            f"there is no `ssh` command on this machine, which the engine at {where} needs",
            hint="Install it: `sudo apt-get install openssh-client`.",
        )
    # What `ssh` said stands at the end of what the libraries have wrapped around it.
    said = text.partition("ssh: ")[2].rstrip("')\" ") or text
    return DockerUnavailable(
        f"the Docker engine at {where} cannot be reached: {said}",
        hint=f"Try `docker --host {where} version`. It must work without a question: with a key "
        "(`ssh-copy-id`), a known host key, and a user there who may use Docker.",
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
