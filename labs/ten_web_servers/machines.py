"""The same server in virtual machines, each with a kernel of its own."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    AddressesProbe,
    HttpProbe,
    Look,
    Nic,
    Resource,
    See,
    SocketsProbe,
    VirtualNetwork,
    by_hand,
    guest,
    require,
    require_domain,
    require_port,
)
from labs.ten_web_servers.values import NETWORK, SUBNET, Values, lab


def page(name: str) -> str:
    """What is typed in a machine to serve its name."""
    return f"mkdir -p /www; echo {name} > /www/index.html; httpd -p 80 -h /www"


def machines(v: Values, *, serving: bool = False) -> list[Resource]:
    """Both machines on a network with the bench, as they are or with their pages."""
    return [
        VirtualNetwork(NETWORK, subnet=SUBNET),
        *(
            VM(name, networks=(Nic(NETWORK),), first_boot=page(name) if serving else "")
            for name in (v.one, v.two)
        ),
    ]


step = lab.step(
    "as-machines",
    daemons=("libvirt",),
    resources=machines,
    touches=lambda v: [f"vm/{v.one}", f"vm/{v.two}"],
)


@step.check("pages", points=3, settle=1.0)
async def pages(see: See, v: Values) -> None:
    for name in (v.one, v.two):
        await require_domain(see, name)
        require(
            (await see(SocketsProbe(guest(name)))).exists,
            "silent",
            expected=f"The guest in {name} answers.",
            observed="Its agent does not answer (yet): a guest that boots takes up to a minute.",
            look=f"virsh dumpxml {name} --xpath //channel",
        )
        server = await require_port(see, 80, guest(name), program="busybox")
        require(
            not server.address.startswith("127."),
            "for-itself",
            expected=f"The server in {name} waits at an address that others reach.",
            observed=f"It waits at {server.address}.",
            look=Look("netstat -ltn", console=name),
        )
        found = (await see(AddressesProbe(guest(name)))).within(SUBNET)
        require(
            found,
            "no-address",
            expected=f"{name} has an address in {SUBNET}.",
            observed="It has none.",
            look=f"virsh domifaddr {name} --source agent",
        )
        answer = await see(HttpProbe(f"http://{found[0].ip}/"))
        require(
            answer.status,
            "not-from-outside",
            expected=f"The bench can read the page of {name}.",
            observed="Nobody answers there.",
            look=f"curl -sm 2 http://{found[0].ip}/ || true",
        )
        require(
            answer.body.strip() == name,
            "other-page",
            expected=f"The page in {name} says {name}.",
            observed=f"It says {answer.body.strip()[:40]!r}.",
            look=f"curl -s http://{found[0].ip}/",
        )


step.solution(
    "at the consoles",
    lambda v: [by_hand.on_console(name, *page(name).split("; ")) for name in (v.one, v.two)],
)
step.solution(
    "another folder, in the foreground",
    lambda v: [
        by_hand.in_guest(
            name,
            f"mkdir /srv; hostname > /srv/index.html; cd /srv; "
            f"echo {name} > index.html; setsid httpd -f -p 80 >/dev/null 2>&1 </dev/null &",
        )
        for name in (v.one, v.two)
    ],
)
step.near_miss(
    "in one of them",
    lambda v: [by_hand.in_guest(v.one, page(v.one))],
    rejected_by="pages",
    reason="no-server",
)
step.near_miss(
    "the same page in both",
    lambda v: [by_hand.in_guest(name, page(v.one)) for name in (v.one, v.two)],
    rejected_by="pages",
    reason="other-page",
)
step.near_miss(
    "for itself alone",
    lambda v: [
        by_hand.in_guest(name, page(name).replace("-p 80", "-p 127.0.0.1:80"))
        for name in (v.one, v.two)
    ],
    rejected_by="pages",
    reason="for-itself",
    explain="The server waits at 127.0.0.1 of the machine, which is the machine itself. With the "
    "port alone it waits at all addresses, also at the one that the bench reaches.",
)
step.near_miss(
    "on the bench",
    lambda v: [
        f"mkdir -p {v.one}; echo {v.one} > {v.one}/index.html",
        f"sudo busybox httpd -p 80 -h {v.one}",
    ],
    rejected_by="pages",
    reason="no-server",
)
