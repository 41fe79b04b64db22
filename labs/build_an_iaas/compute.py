"""Two machines for rent: plugged into the customer's network, and at work."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    ByHand,
    DomainProbe,
    GuestInterfacesProbe,
    HttpProbe,
    Resource,
    See,
    by_hand,
    guest,
    require,
    require_card,
    require_port,
    require_virtual_network,
)
from labs.build_an_iaas.values import ADMIN, Values, lab, network, on_them


def unplugged(v: Values) -> list[Resource]:
    return [network(v), *(VM(name) for name in v.names)]


step = lab.step("compute", daemons=("libvirt",), resources=unplugged, touches=on_them)


@step.check("cards", points=2, settle=6.0)
async def cards(see: See, v: Values) -> None:
    for name in v.names:
        await plugged_once(see, v, name)
        await require_card(see, name, v.tenant, mac=v.macs[name], address=v.addresses[name])
    # A lease outlives the promise: without it the next start may bring another address.
    await require_virtual_network(see, v.tenant, reserved=v.reserved)


async def plugged_once(see: See, v: Values, name: str) -> None:
    """The machine runs, and its card is one, on the network itself, and known to its kernel."""
    machine, inside = await see(DomainProbe(name), GuestInterfacesProbe(name))
    look = f"virsh domiflist {name}; virsh domiflist --inactive {name}"
    require(
        not machine.exists or machine.state != "shut",
        "off",
        expected=f"{name} runs.",
        observed="It is off.",
        look="virsh list --all",
    )
    theirs = (machine.interfaces, machine.config_interfaces)
    require(
        all(card.network for cards in theirs for card in cards if card.mac == v.macs[name]),
        "by-the-bridge",
        expected=f"{name} has its card on the network {v.tenant}.",
        observed="Its card is plugged into a bridge by the bridge's name.",
        look=look,
    )
    most = max(sum(card.mac == v.macs[name] for card in cards) for cards in theirs)
    require(
        most < 2,
        "twice",
        expected=f"{name} has one card {v.macs[name]}.",
        observed=f"It has {most} with this address.",
        look=look,
    )
    models = {card.model for card in machine.interfaces if card.mac == v.macs[name]}
    seen = any(card.mac == v.macs[name] for card in inside.cards)
    require(
        not models or models == {"virtio"} or not inside.answers or seen,
        "no-driver",
        expected=f"{name} knows its card {v.macs[name]}.",
        observed=f"The card is a {', '.join(models)}, and the machine's kernel does not see it.",
        look=look,
    )


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
step.near_miss(
    "typed twice",
    lambda v: [*(plug(v, name) for name in v.names), plug(v, v.one)],
    rejected_by="cards",
    reason="twice",
    explain="`attach-interface` adds a card each time. Two with one address cannot be told apart, "
    "and `detach-interface` refuses to choose: a reset is the shortest way back.",
)
step.near_miss(
    "the model left out",
    lambda v: [plug(v, name).replace("--model virtio ", "") for name in v.names],
    rejected_by="cards",
    reason="no-driver",
    explain="This small system has a driver for `virtio` cards alone, and libvirt takes another "
    "one where `--model virtio` is left out. Detach the card, and attach it again with its model.",
)
step.near_miss(
    "by the bridge's name",
    lambda v: [
        plug(v, name).replace(f"network {v.tenant}", f"bridge {v.bridge}") for name in v.names
    ],
    rejected_by="cards",
    reason="by-the-bridge",
    explain="Packets pass there as well, but libvirt does not know that the machine belongs to the "
    "customer's network. Detach it, and name the network: `network` and its name.",
)
step.near_miss(
    "a promise taken back",
    lambda v: [
        *(plug(v, name) for name in v.names),
        *(addressed(v, name) for name in v.names),
        f"virsh net-update {v.tenant} delete ip-dhcp-host "
        f"\"<host mac='{v.mac_a}' ip='{v.addresses[v.one]}'/>\" --live --config",
    ],
    rejected_by="cards",
    reason="not-reserved",
)
step.near_miss(
    "unplugged in a hurry",
    lambda v: [*(plug(v, name) for name in v.names), f"virsh destroy {v.one}"],
    rejected_by="cards",
    reason="off",
    explain="It is off, and its web servers with it. `virsh start` starts it; what ran in it does "
    "not come back by itself.",
)
step.near_miss(
    "more than the name",
    lambda v: [
        *(plug(v, name) for name in v.names),
        *(
            by_hand.in_guest(
                name, "; ".join(serve(name)).replace(f"echo {name} ", f"echo welcome to {name} ")
            )
            for name in v.names
        ),
    ],
    rejected_by="pages",
    reason="other-page",
)
