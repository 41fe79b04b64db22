"""One address for two machines: HAProxy."""

from __future__ import annotations

from lab_engine.authoring import (
    See,
    host,
    require_balancer,
    require_burst,
    require_port,
)
from labs.build_an_iaas.values import (
    EDGE,
    OUTSIDE,
    SOCKET,
    Values,
    lab,
    machines,
    outside,
)

step = lab.step("balancer", daemons=("libvirt",), resources=lambda v: [*machines(v), *outside(v)])


def servers(v: Values, status: str = "UP") -> dict[str, str]:
    return {f"{address}:80": status for address in v.addresses.values()}


@step.check("balancer", points=4, settle=3.0)
async def balancer(see: See, v: Values) -> None:
    await require_port(see, 80, address=EDGE, program="haproxy")
    await require_balancer(see, SOCKET, servers(v), asks_for_a_page=True)
    await require_burst(
        see, f"http://{EDGE}/", host(OUTSIDE), requests=12, at_once=2, bodies=v.names
    )


CHECK = "check inter 500ms fall 2 rise 1"
SLOW_CHECK = "check inter 1s fall 3 rise 1"
"""For machines that are slow to answer while another one starts beside them."""
PATIENCE = (
    "  retries 5",
    "  option redispatch 1",
    "  retry-on conn-failure empty-response response-timeout",
)


def configuration(
    v: Values,
    *,
    look: str = "option httpchk GET /",
    check: str | None = None,
    bind: str = f"{EDGE}:80",
    names: tuple[str, ...] = (),
    balance: str = "roundrobin",
    patient: bool = False,
) -> str:
    """HAProxy's file. Each argument is what one near miss does otherwise.

    `patient`: a request that is not answered soon is tried again at the other server, also one
    that was on its way when a server vanished.
    """
    if check is None:
        check = SLOW_CHECK if patient else CHECK
    lines = [f"  server {name} {v.addresses[name]}:80 {check}" for name in names or v.names]
    return "\n".join(
        [
            "global",
            f"  stats socket {SOCKET} mode 666 level admin",
            "defaults",
            "  mode http",
            f"  timeout connect {'500ms' if patient else '1s'}",
            "  timeout client 5s",
            f"  timeout server {'2s' if patient else '5s'}",
            *(["  timeout check 2s"] if patient else []),
            f"frontend {v.tenant}",
            f"  bind {bind}",
            "  default_backend web",
            "backend web",
            f"  balance {balance}",
            *(PATIENCE if patient else []),
            *([f"  {look}"] if look else []),
            *lines,
            "",
        ]
    )


def written(v: Values, **other: object) -> str:
    return f"cat > ha.cfg <<'END'\n{configuration(v, **other)}END"  # type: ignore[arg-type]


BEGIN = "sudo haproxy -D -f ha.cfg"

step.solution("a file, and started", lambda v: [written(v), "haproxy -c -f ha.cfg", BEGIN],
    survives={1: "it only says whether the file can be read"})  # fmt: skip
step.solution(
    "with a master, by the fewest connections",
    lambda v: [written(v, balance="leastconn"), "sudo haproxy -W -D -f ha.cfg"],
)
step.near_miss(
    "a method that these servers do not know",
    lambda v: [written(v, look="option httpchk"), BEGIN],
    rejected_by="balancer",
    reason="other-status",
    explain="`option httpchk` alone asks with OPTIONS. These small servers know only GET, answer "
    "with an error, and so are taken for broken: `option httpchk GET /`.",
)
step.near_miss(
    "a look at the port alone",
    lambda v: [written(v, look=""), BEGIN],
    rejected_by="balancer",
    reason="connects-only",
    explain="`check` alone opens a connection and closes it. A server that takes connections and "
    "answers nonsense would pass. `option httpchk GET /` asks for a page.",
)
step.near_miss(
    "nobody looks",
    lambda v: [written(v, look="", check=""), BEGIN],
    rejected_by="balancer",
    reason="unchecked",
    explain="Without `check` the balancer gives every second visitor to a machine that may be off.",
)
step.near_miss(
    "one server",
    lambda v: [written(v, names=(v.one,)), BEGIN],
    rejected_by="balancer",
    reason="no-such-server",
)
step.near_miss(
    "at all addresses",
    lambda v: [written(v, bind=":80"), BEGIN],
    rejected_by="balancer",
    reason="other-address",
)
step.near_miss(
    "rules in place of a program",
    lambda v: [
        "sudo nft add table ip share",
        "sudo nft 'add chain ip share in { type nat hook prerouting priority -100; }'",
        f"sudo nft 'add rule ip share in ip daddr {EDGE} tcp dport 80 dnat to numgen inc mod 2 "
        f"map {{ 0 : {v.addresses[v.one]}, 1 : {v.addresses[v.two]} }}'",
    ],
    rejected_by="balancer",
    reason="no-server",
)
