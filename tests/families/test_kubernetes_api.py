"""The client of the API server: a certificate of its own, kept connections, refusals, a watch.

The other side is a real TLS server that wants a certificate, and answers what API servers do.
"""

from __future__ import annotations

import base64
import http.server
import json
import re
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab_engine.errors import DaemonDown
from lab_engine.families.kubernetes.agent import api

CONF = """apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {authority}
    server: https://127.0.0.1:{port}
  name: lab
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
"""
POD = {"metadata": {"name": "web", "namespace": "default", "uid": "1"}}
ENDING = {"metadata": {"name": "old", "deletionTimestamp": "2026-01-01T00:00:00Z"}}


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections: list[int]
    hang_up = False

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, code: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.hang_up

    def do_GET(self) -> None:
        self.connections.append(self.client_address[1])
        if "watch=1" in self.path:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for kind in ("ADDED", "DELETED"):
                line = json.dumps({"type": kind, "object": POD}).encode() + b"\n"
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        elif self.path.startswith("/api/v1/pods"):
            self._answer(200, {"items": [POD, ENDING], "metadata": {"resourceVersion": "7"}})
        elif self.path.endswith("/pods/old"):
            self._answer(200, ENDING)
        elif self.path.endswith("/secrets"):
            self._answer(403, {"message": "secrets is forbidden"})
        else:
            self._answer(404, {"message": "not found"})


def certificates(folder: Path) -> None:
    """An authority, and a certificate of it for the server and for the client."""
    script = """
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca \
        -keyout ca.key -out ca.crt
    for name in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$name \
            -keyout $name.key -out $name.csr
        printf 'subjectAltName=IP:127.0.0.1\\n' > ext
        openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -days 2 -extfile ext -out $name.crt
    done
    """
    subprocess.run(["bash", "-ec", script], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Starts the server; `admin.conf` leads to it."""
    certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    context.load_verify_locations(tmp_path / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    monkeypatch.setattr(Answers, "connections", [], raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    data = {
        name: base64.b64encode((tmp_path / file).read_bytes()).decode()
        for name, file in (
            ("authority", "ca.crt"), ("certificate", "client.crt"), ("key", "client.key"),
        )
    }  # fmt: skip
    conf = tmp_path / "admin.conf"
    monkeypatch.setattr(api, "CONFIG", conf)
    api.close()
    thread = threading.Thread(target=server.serve_forever, daemon=True)

    def start() -> None:
        conf.write_text(CONF.format(port=server.server_address[1], **data))
        thread.start()

    yield start
    api.close()
    if thread.is_alive():
        server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("serve")
def test_without_a_cluster_it_says_so() -> None:
    assert not api.there()
    with pytest.raises(api.NoCluster):
        api.listed("v1/pods")


def test_answers_and_refusals(serve: Callable[[], None]) -> None:
    serve()
    assert api.there()
    assert api.listed("v1/pods") == [POD]
    assert api.get("v1/pods", "default", "old") is None
    assert api.get("v1/pods", "default", "none") is None
    assert api.listed("odd/v1/things") == []
    with pytest.raises(api.Refused, match="secrets is forbidden") as refused:
        api.listed("v1/secrets")
    assert refused.value.code == 403
    assert len(set(Answers.connections)) == 1, "one connection, kept"


def test_a_connection_that_the_server_closed_is_opened_anew(
    serve: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "hang_up", True)
    serve()
    for _ in range(3):
        assert api.listed("v1/pods") == [POD]
    assert len(set(Answers.connections)) == 3


def test_a_watch_ends_when_the_server_ends_it(serve: Callable[[], None]) -> None:
    serve()
    told = list(api.watch("v1/pods", "7", 5.0))
    assert [one["type"] for one in told] == ["ADDED", "DELETED"]
    assert told[0]["object"] == POD


def test_a_silent_server_is_named(serve: Callable[[], None]) -> None:
    serve()
    text = api.CONFIG.read_text()
    api.CONFIG.write_text(re.sub(r":\d+$", ":1", text, flags=re.MULTILINE))
    with pytest.raises(DaemonDown, match="API server did not answer"):
        api.listed("v1/pods")
