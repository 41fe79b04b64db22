"""A daemon is the one that it claims to be, or there is no verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab_engine.authoring import DockerContainerProbe
from lab_engine.bench.container import Bench
from tests.requirements.conftest import Stage, connected, image_tag, make_bench

__all__ = ["image_tag", "make_bench"]

pytestmark = [pytest.mark.bench]

SERVER = r"""
import json, os, socketserver, http.server
class Engine(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"Id": "c" * 64, "Name": "/c3", "State": {"Status": "running"}}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def address_string(self): return ""
    def log_message(self, *words): pass
os.rename("/run/docker.sock", "/run/real.sock")
class Server(socketserver.ThreadingUnixStreamServer): pass
with Server("/run/docker.sock", Engine) as server: server.serve_forever()
"""


async def test_a_server_on_the_sockets_path_is_named(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench("forged")
    async with connected(bench) as link:
        stage = Stage(bench, link)
        await stage.type("/usr/lib/infralab/bin/start-docker", user="root")
        (answer,) = await stage.ask([DockerContainerProbe("c3")])
        assert not answer.problem
        await stage.type(f"cat > forged.py <<'END'\n{SERVER}END\nsudo setsid -f python3 forged.py "
                         ">/dev/null 2>&1; for i in $(seq 50); do [ -S /run/real.sock ] && "
                         "[ -S /run/docker.sock ] && break; sleep 0.1; done")  # fmt: skip
        (answer,) = await stage.ask([DockerContainerProbe("c3")])
        assert "python3" in answer.problem
        assert "not by the bench's own docker" in answer.problem
        await stage.type("sudo pkill -f '[f]orged.py'; sudo mv /run/real.sock /run/docker.sock")
        (answer,) = await stage.ask([DockerContainerProbe("c3")])
        assert not answer.problem
        # The program itself, written over by the learner.
        await stage.type(
            "sudo pkill -x dockerd; while pgrep -x dockerd; do sleep 0.1; done >/dev/null; "
            "sudo cp /usr/sbin/dockerd /tmp/d; sudo cp /tmp/d /usr/sbin/dockerd; sudo rm -f /tmp/d"
        )
        await stage.type("/usr/lib/infralab/bin/start-docker", user="root")
        (answer,) = await stage.ask([DockerContainerProbe("c3")])
        assert "a file that was changed in the bench" in answer.problem
