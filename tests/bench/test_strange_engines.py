"""Engines that are none, that drip, or that a proxy would hide."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from lab_engine.bench import engine
from lab_engine.errors import BenchError, DockerUnavailable


@pytest.mark.parametrize(
    "host",
    [
        "tcp://localhost:notaport",
        "tcp://127.0.0.1:99999",
        "tcp://[::1",
        "tcp://",
        "foo://bar",
        "unix://",
        "fd://",
        "unix:///" + "x" * 300,
        "http://127.0.0.1:1",
        "\x1b[2J",
    ],
)
def test_what_is_no_engine_is_said_to_be_none(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(DockerUnavailable) as found:
        engine.connect()
    assert found.value.hint
    assert "\x1b" not in str(found.value)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server
        # Wakes a thread that still waits for a client.
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.timeout(60)
def test_an_engine_that_drips_is_not_waited_for(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
            while not over.wait(0.1):
                connection.sendall(b" ")

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    monkeypatch.setattr(engine, "FIRST_ANSWER", 1.0)
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    try:
        with pytest.raises(DockerUnavailable, match="no whole answer"):
            engine.connect()
    finally:
        over.set()
        dripping.join(10)


@pytest.mark.timeout(60)
def test_an_engine_that_drips_later_in_a_call_is_not_waited_for(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while request := connection.recv(65536):
                if b"/containers/json" in request:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[")
                    while not over.wait(0.1):
                        connection.sendall(b" ")
                    return
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b'Content-Length: 21\r\n\r\n{"ApiVersion":"1.41"}'
                )

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    monkeypatch.setattr(engine, "ANSWER_SECONDS", 0.5)
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    client = engine.connect(timeout=1)
    try:
        with (
            pytest.raises(BenchError, match=r"listing benches: .* no answer in time"),
            engine.explain("listing benches"),
        ):
            client.api.containers()
    finally:
        over.set()


def test_a_proxy_does_not_lead_to_an_engine_of_this_machine(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                if connection.recv(65536).startswith(b"GET /version"):
                    asked.set()
                body = b'{"ApiVersion":"1.41"}'
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
                )

    threading.Thread(target=serve, daemon=True).start()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    assert engine.connect().api._version == "1.41"
    assert asked.is_set()


@pytest.mark.parametrize(
    ("host", "elsewhere"),
    [
        ("unix:///var/run/docker.sock", False),
        ("tcp://localhost:2375", False),
        ("tcp://127.0.0.9:2375", False),
        ("tcp://[::1]:2375", False),
        ("ssh://me@10.0.0.1", False),
        ("tcp://10.0.0.1:2375", True),
        ("tcp://engine.example:2375", True),
    ],
)
def test_which_engine_is_elsewhere(host: str, elsewhere: bool) -> None:
    assert engine._elsewhere(host) is elsewhere
