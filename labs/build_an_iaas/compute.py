"""Two machines for rent: plugged into the customer's network, and at work."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    ByHand,
    HttpProbe,
    Resource,
    See,
    by_hand,
    guest,
    require,
    require_card,
    require_port,
)
from labs.build_an_iaas.values import ADMIN, Values, lab, network, on_them


def unplugged(v: Values) -> list[Resource]:
    return [network(v), *(VM(name) for name in v.names)]


step = lab.step("compute", daemons=("libvirt",), resources=unplugged, touches=on_them)


@step.check("cards", points=2, settle=6.0)
async def cards(see: See, v: Values) -> None:
    for name in v.names:
        await require_card(see, name, v.tenant, mac=v.macs[name], address=v.addresses[name])


@step.check("pages", points=3, needs=("cards",), settle=2.0)
async def pages(see: See, v: Values) -> None:
    for name in v.names:
        for port, says in ((80, name), (ADMIN, f"admin of {name}")):
            await require_port(see, port, guest(name), program="busybox")
            url = f"http://{v.addresses[name]}:{port}/"
            page = await see(HttpProbe(url))
            look = f"curl -sm 2 {url} || true"
            require(
                page.ok,
                "not-from-the-bench",
                expected=f"The bench can read {url}.",
                observed=page.problem or f"It is answered with status {page.status}.",
                look=look,
            )
            require(
                page.body.strip() == says,
                "other-page",
                expected=f"{url} says {says!r}.",
                observed=f"It says {page.body.strip()[:40]!r}.",
                look=look,
            )


def plug(v: Values, name: str, *, mac: str = "", options: str = "--live --config") -> str:
    return (
        f"virsh attach-interface {name} network {v.tenant} --model virtio "
        f"--mac {mac or v.macs[name]} {options}"
    )


def addressed(v: Values, name: str) -> ByHand:
    """Look again and again until a machine that is plugged in has got its address."""
    look = f"virsh domifaddr {name} --source agent"
    return ByHand(
        f"virsh domiflist {name} | grep -q {v.macs[name]} && "
        f"timeout 120 sh -c 'until {look} | grep -q {v.addresses[name]}; do sleep 0.5; done'",
        typed=look,
    )


WAITS = "it only waits until the guest has its address"


def serve(name: str, admin: str = str(ADMIN)) -> list[str]:
    return [
        "mkdir -p /www /admin",
        f"echo {name} > /www/index.html",
        f"echo admin of {name} > /admin/index.html",
        "httpd -p 80 -h /www",
        f"httpd -p {admin} -h /admin",
    ]


step.solution(
    "at the consoles",
    lambda v: [
        *(plug(v, name) for name in v.names),
        *(addressed(v, name) for name in v.names),
        *(by_hand.on_console(name, *serve(name)) for name in v.names),
    ],
    survives={2: WAITS, 3: WAITS},
)
step.solution(
    "the pages first",
    lambda v: [
        *(by_hand.in_guest(name, "; ".join(serve(name))) for name in v.names),
        *(plug(v, name) for name in reversed(v.names)),
        *(addressed(v, name) for name in v.names),
    ],
    survives={4: WAITS, 5: WAITS},
)
step.near_miss(
    "crossed cables",
    lambda v: [
        plug(v, v.one, mac=v.macs[v.two]),
        plug(v, v.two, mac=v.macs[v.one]),
    ],
    rejected_by="cards",
    reason="other-mac",
    explain="A kept address goes with the card's MAC address. Each machine has its own card: look "
    "at the table, and detach the wrong one first.",
)
step.near_miss(
    "until they are off",
    lambda v: [plug(v, name, options="--live") for name in v.names],
    rejected_by="cards",
    reason="not-kept",
    explain="The card is in the machine that runs, and not in its definition. `--config` puts it "
    "there.",
)
step.near_miss(
    "both addresses at one machine",
    lambda v: [plug(v, v.one), plug(v, v.one, mac=v.macs[v.two])],
    rejected_by="cards",
    reason="no-card",
)
step.near_miss(
    "for itself alone",
    lambda v: [
        *(plug(v, name) for name in v.names),
        *(by_hand.in_guest(name, "; ".join(serve(name, f"127.0.0.1:{ADMIN}"))) for name in v.names),
    ],
    rejected_by="pages",
    reason="not-from-the-bench",
)
step.near_miss(
    "one page for both ports",
    lambda v: [
        *(plug(v, name) for name in v.names),
        *(
            by_hand.in_guest(name, "; ".join(serve(name)).replace("-h /admin", "-h /www"))
            for name in v.names
        ),
    ],
    rejected_by="pages",
    reason="other-page",
)
