"""A machine fails, and the customer's visitors do not notice."""

from __future__ import annotations

from lab_engine.authoring import (
    ByHand,
    Directory,
    DomainEventsProbe,
    DomainProbe,
    Fact,
    Resource,
    See,
    Service,
    SocketsProbe,
    TcpReady,
    WatchProbe,
    by_hand,
    guest,
    host,
    require,
    require_balancer,
    require_booted,
    require_burst,
    require_nothing_lost,
    require_order,
)
from labs.build_an_iaas.balancer import configuration, servers
from labs.build_an_iaas.values import (
    EDGE,
    OUTSIDE,
    SOCKET,
    Values,
    lab,
    machines,
    on_them,
    outside,
)

FOLDER = "/srv/balancer"
EVERY, PATIENCE = 0.5, 5.0
"""Seconds from one visitor to the next, and that each waits for the page.

An emulated machine may be slow while the other one starts, and each visitor costs it time.
"""
URL = f"http://{EDGE}/"


def at_work(v: Values) -> list[Resource]:
    return [
        *machines(v),
        *outside(v),
        Directory("balancer", path=FOLDER, files={"ha.cfg": configuration(v, patient=True)}),
        Service(
            "balancer",
            argv=("haproxy", "-f", f"{FOLDER}/ha.cfg"),
            user="root",
            ready=TcpReady(80, address=EDGE),
            after=("directory/balancer", "address/edge"),
        ),
    ]


step = lab.step("outage", daemons=("libvirt",), resources=at_work, touches=on_them)


async def require_program(see: See, v: Values) -> None:
    """As long as nobody has pulled the plug, the machine's web server has not just ended."""
    domain, sockets = DomainProbe(v.one), SocketsProbe(guest(v.one))
    first, served = await see.before(domain), await see.before(sockets)
    machine, serves = await see(domain, sockets)
    plugged = machine.running and machine.id == first.id
    require(
        not plugged or not served.on(80) or not serves.exists or serves.on(80),
        "only-its-program",
        expected=f"{v.one} is off.",
        observed="It runs. Only the web server in it has ended.",
        look=f"virsh domstate {v.one}",
    )


@step.check("outage", points=2, settle=3.0)
async def outage(see: See, v: Values) -> None:
    # The visitors come from the step's start on, also while the machine still runs.
    await see.before(WatchProbe(URL, host(OUTSIDE), EVERY, PATIENCE))
    await require_program(see, v)
    await require_order(
        see,
        DomainEventsProbe(v.one),
        Fact("stopped", {"why": "destroyed"}),
        look=f"virsh domstate --reason {v.one}",
    )
    await require_nothing_lost(see, URL, host(OUTSIDE), least=8, every=EVERY, seconds=PATIENCE)


@step.check("back", points=2, needs=("outage",), settle=5.0)
async def back(see: See, v: Values) -> None:
    await require_booted(see, v.one)
    await require_balancer(see, SOCKET, servers(v))
    await require_burst(see, URL, host(OUTSIDE), requests=12, at_once=2, bodies=v.names)


ASK = f"sudo ip netns exec {OUTSIDE} curl -s -m 5 {URL}"


def until(v: Values, status: str) -> str:
    """Wait until HAProxy says so of the first machine."""
    row = f"web,{v.one},.*,{status}"
    return (
        f"timeout 240 sh -c \"until echo 'show stat' | socat - {SOCKET} "
        f"| grep -q '{row}'; do sleep 0.5; done\""
    )


def left_alone(v: Values, how: str = "") -> str:
    """The plug pulled, and some visitors once the balancer has noticed."""
    plug, visit = f"virsh destroy {v.one}{how}", f"for i in 1 2 3 4 5 6; do {ASK}; done"
    return ByHand(
        f"{plug} && {until(v, 'DOWN')}; {visit}",
        typed=f"{plug}\necho 'show stat' | socat - {SOCKET}\n{visit}",
    )


def again(v: Values) -> str:
    return ByHand(
        f"virsh start {v.one} && {until(v, 'UP')}",
        typed=f"virsh start {v.one}\necho 'show stat' | socat - {SOCKET}",
    )


step.solution(
    "off and on",
    lambda v: [left_alone(v), again(v)],
)
step.solution(
    "the process asked to end first",
    lambda v: [left_alone(v, " --graceful"), again(v)],
)
step.near_miss(
    "the program ended, not the machine",
    lambda v: [by_hand.in_guest(v.one, "killall httpd")],
    rejected_by="outage",
    reason="only-its-program",
    explain="A program that ends is the customer's affair, and its machine goes on. The plug takes "
    "the whole machine: `virsh destroy`.",
)
step.near_miss(
    "shut down in good order",
    lambda v: [
        f"virsh shutdown {v.one} --mode agent",
        f"timeout 60 sh -c 'until virsh domstate {v.one} | grep -q off; do sleep 0.3; done'",
    ],
    rejected_by="outage",
    reason="not-happened",
)
step.near_miss(
    "both",
    lambda v: [f"virsh destroy {v.two}", f"virsh destroy {v.one}", "sleep 4"],
    rejected_by="outage",
    reason="lost",
    explain="With both machines off there is nobody left to answer. Two machines are good for one "
    "that fails. Begin the step anew: what was lost stays lost.",
)
step.near_miss(
    "the other one",
    lambda v: [f"virsh destroy {v.two}", "sleep 2"],
    rejected_by="outage",
    reason="not-happened",
)
step.near_miss(
    "never started again",
    lambda v: [left_alone(v)],
    rejected_by="back",
    reason="off",
)
step.near_miss(
    "started, and its server taken out",
    lambda v: [
        left_alone(v),
        again(v),
        f"echo 'set server web/{v.one} state maint' | socat - {SOCKET}",
    ],
    rejected_by="back",
    reason="other-status",
)
