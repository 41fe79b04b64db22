"""Statements about a balancer, on a real HAProxy: right and wrong ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from lab_engine.authoring import HaproxiesProbe, HaproxyProbe, See, require_balancer
from lab_engine.bench.container import Bench
from lab_engine.families.drawing import Node, Parts, Questions
from lab_engine.families.haproxy.agent.readers import read
from lab_engine.families.haproxy.picture import read as draw
from lab_engine.families.haproxy.probes import HaproxiesReading
from lab_engine.packs import image
from lab_engine.protocol import Compare, Difference, TakeBaseline, Undo
from tests.requirements.conftest import Stage, connected

SOCKET = "/run/balancer.sock"
ONE, TWO = "127.0.0.1:8101", "127.0.0.1:8102"
SERVERS = {ONE: "UP", TWO: "UP"}

STAT = """\
# pxname,svname,stot,status,check_status,
site,FRONTEND,7,OPEN,,
web,a,4,UP,L7OK,
web,b,3,UP 1/3,* L7OK,
web,c,0,DOWN 1/2,L4TOUT,
web,d,0,no check,,
web,BACKEND,7,UP,,
"""
STATE = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_fqdn srv_port srvrecord
3 web 1 a 10.7.0.11 2 - 80 -
3 web 2 b 10.7.0.12 2 - 8080 -
"""


def test_what_is_printed_is_read() -> None:
    found = read(7, STAT, STATE)
    assert [(one.name, one.status, one.check) for one in found.servers] == [
        ("a", "UP", "L7OK"),
        ("b", "UP", "L7OK"),
        ("c", "DOWN", "L4TOUT"),
        ("d", "no check", ""),
    ]
    assert found.frontends == {"site": "OPEN"}
    assert found.sessions == {"web/a": 4, "web/b": 3, "web/c": 0, "web/d": 0}
    second = found.at("10.7.0.12:8080")
    assert second is not None
    assert second.name == "b"
    assert found.at("10.7.0.12:80") is None


def config(check: str = "check inter 200ms fall 2 rise 1", http: str = "") -> str:
    """The command that writes a configuration."""
    return (
        "cat > ha.cfg << 'X'\n"
        f"global\n  stats socket {SOCKET} mode 666 level admin\n"
        "defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n"
        f"frontend site\n  bind 127.0.0.1:8100\n  default_backend web\n"
        f"backend web\n{http}  server one {ONE} {check}\n  server two {TWO} {check}\nX\n"
    )


@pytest.fixture(scope="module")
def host(make_bench: Callable[..., Bench]) -> Bench:
    if image.missing(["proxies"]) is not None:
        pytest.skip("the pack proxies is not built")
    return make_bench("balancers", tag=image.ensure(["proxies"], print))


@pytest.fixture
async def room(host: Bench) -> AsyncIterator[Stage]:
    """Two servers that say their port, and no balancer yet."""
    async with connected(host) as link:
        stage = Stage(host, link)
        await stage.type(
            "mkdir -p ~/work ~/8101 ~/8102; "
            "echo one > ~/8101/index.html; echo two > ~/8102/index.html; "
            "for p in 8101 8102; do busybox httpd -p 127.0.0.1:$p -h ~/$p; done"
        )
        yield stage
        await stage.type(
            "sudo pkill haproxy || true; pkill -f '[b]usybox httpd' || true; pkill socat || true; "
            f"sudo rm -f {SOCKET}; rm -rf ~/work/* ~/8101 ~/8102"
        )


BEGIN = "sudo pkill haproxy || true; sleep 0.3; sudo haproxy -D -f ha.cfg"
GET = "  option httpchk GET /\n"


@pytest.mark.bench
@pytest.mark.slow
async def test_a_balancer_and_its_servers(room: Stage) -> None:
    async def both(see: See) -> None:
        await require_balancer(see, SOCKET, SERVERS, asks_for_a_page=True)

    for script, reason in (
        ("true", "no-balancer"),
        (config("") + BEGIN, "unchecked"),
        (config() + BEGIN, "connects-only"),
        # OPTIONS, which busybox answers with 501.
        (config(http="  option httpchk\n") + BEGIN, "other-status"),
        (config(http=GET) + BEGIN, "pass"),
        # The same with a master and a worker, both of which hold the socket.
        (config(http=GET) + BEGIN.replace("-D", "-W -D"), "pass"),
        ("pkill -f '[h]ttpd -p 127.0.0.1:8102'", "other-status"),
        ("busybox httpd -p 127.0.0.1:8102 -h ~/8102", "pass"),
        (f"echo 'set server web/two state maint' | socat - {SOCKET}", "other-status"),
        (f"echo 'set server web/two state ready' | socat - {SOCKET}", "pass"),
        (config(http=GET).replace(TWO, "127.0.0.1:8109") + BEGIN, "no-such-server"),
    ):
        await room.type(script)
        assert await room.reason(both, settled=reason) == reason, script


@pytest.mark.bench
async def test_what_a_balancer_was_told_is_undone(room: Stage) -> None:
    """The process goes on, and takes its servers back as they are configured."""

    async def both(see: See) -> None:
        await require_balancer(see, SOCKET, SERVERS)

    def say(words: str) -> str:
        return f"echo '{words}' | socat - {SOCKET}"

    async def told() -> list[str]:
        found = await room.link.request(Compare, Difference, name="told")
        keys = (*found.added, *found.removed, *found.changed)
        return [key for key in keys if key.startswith("balancer-server/")]

    one, two = (f"balancer-server/{SOCKET} web/{name}" for name in ("one", "two"))
    await room.type(config() + BEGIN)
    assert await room.reason(both, settled="pass") == "pass"
    await room.link.request(TakeBaseline, int, name="told")
    await room.type(f"{say('set server web/two state maint')}; {say('set weight web/one 50%')}")
    assert await told() == [one, two]
    left = await room.link.request(Undo, Difference, name="told")
    assert left.none, left
    assert await room.reason(both, settled="pass") == "pass"
    assert await room.type(say("get weight web/one")) == "1 (initial 1)"
    await room.type(say("set server web/one state drain"))
    assert await told() == [one]
    # What nobody has told it is not its baseline's affair, as that it was started anew is not.
    await room.type(BEGIN)
    assert await room.reason(both, settled="pass") == "pass"
    assert await told() == []


@pytest.mark.bench
async def test_another_program_at_that_path_is_no_balancer(room: Stage) -> None:
    async def both(see: See) -> None:
        await require_balancer(see, SOCKET, SERVERS)

    await room.type(config(http=GET) + BEGIN)
    assert await room.reason(both, settled="pass") == "pass"
    answers = "; ".join(
        f"echo '{word}' | socat - {SOCKET} > {name}"
        for word, name in (("show stat", "stat"), ("show servers state", "state"))
    )
    await room.type(answers)
    fake = "read word; case $word in *stat) cat stat;; *) cat state;; esac"
    listen = f'socat UNIX-LISTEN:{SOCKET},fork,mode=666 SYSTEM:"{fake}"'
    script = f"cd ~/work; setsid {listen.replace('$', chr(92) + '$')} >/dev/null 2>&1 < /dev/null &"
    # HAProxy runs on, and somebody else waits at the path that was its own.
    await room.type(f"sudo rm {SOCKET}; sudo chmod 777 /run; {script} sleep 0.5")
    said = await room.type(f"echo 'show stat' | socat - {SOCKET}; sudo chmod 755 /run")
    assert "web,one" in said
    assert await room.reason(both) == "no-balancer"


@pytest.mark.bench
async def test_it_is_drawn_with_its_servers(room: Stage) -> None:
    await room.type(config(http=GET) + BEGIN)
    (answer,) = await room.ask([HaproxiesProbe()])
    found = msgspec.json.decode(answer.reading, type=HaproxiesReading)
    assert found.sockets == (SOCKET,)
    parts = Parts()
    parts.add(Node("vm/one", "vm", "one"))
    parts.join("vm/one", "virtual-network/lan", ONE.partition(":")[0])
    await draw(Questions(room.ask), parts)
    (node,) = (node for node in parts.nodes.values() if node.kind == "balancer")
    assert node.name == "site"
    assert {edge.place for edge in parts.edges if edge.to == node.key} == {"vm/one"}
    assert (await room.ask([HaproxyProbe("/run/none.sock")]))[0].reading
