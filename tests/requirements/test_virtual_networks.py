"""Statements about virtual networks and cards, on real ones: right and wrong ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from lab_engine import protocol as p
from lab_engine.authoring import (
    VM,
    Nic,
    Reservation,
    See,
    VirtualNetwork,
    require_card,
    require_virtual_network,
)
from lab_engine.bench.container import Bench
from tests.bench.conftest import ok
from tests.requirements.conftest import Stage, Statement, connected

pytestmark = [pytest.mark.bench, pytest.mark.vm, pytest.mark.slow]

MAC = "52:54:00:99:00:21"
OTHER = "52:54:00:99:00:22"
HOST = f"<host mac='{MAC}' ip='10.77.0.21'/>"
SERVING = VM(
    "page",
    networks=(Nic("order", mac=OTHER),),
    files={
        "www/index.html": "comes again\n",
        "etc/rc.local": "#!/bin/sh\nhttpd -p 80 -h /www\n",
    },
)
READ = "curl -sm 2 http://10.77.0.22/"


def described(forward: str = "") -> str:
    """The command that writes a network's description."""
    return (
        "cat > net.xml << 'X'\n<network><name>tenant</name>"
        # Without it libvirt takes a second description for another network of the same name.
        "<uuid>281f0d10-9e00-4ce1-936a-9dad7d773678</uuid>"
        f"{forward}<bridge name='tenant0'/><ip address='10.78.0.1' netmask='255.255.255.0'>"
        "<dhcp><range start='10.78.0.10' end='10.78.0.99'/></dhcp></ip></network>\nX\n"
    )


@pytest.fixture(scope="module")
def host(make_bench: Callable[..., Bench]) -> Bench:
    made = make_bench("networks", memory=2 << 30)
    ok(made.run(["/usr/lib/infralab/bin/start-libvirt"]))
    return made


@pytest.fixture
async def room(host: Bench) -> AsyncIterator[Stage]:
    """A network with addresses kept for two cards, and a machine without one."""
    async with connected(host) as link:
        stage = Stage(host, link)
        await stage.type("mkdir -p ~/work")
        order = VirtualNetwork(
            "order",
            subnet="10.77.0.0/24",
            mode="open",
            reservations=(Reservation(MAC, "10.77.0.21"), Reservation(OTHER, "10.77.0.22")),
        )
        await link.request(p.Provision, p.ProvisionReport, resources=(order, VM("alpha"), SERVING))
        yield stage
        await stage.type(
            "virsh net-destroy tenant >/dev/null 2>&1 || true; "
            "virsh net-undefine tenant >/dev/null 2>&1 || true; rm -rf ~/work/*"
        )
        await link.request(p.Teardown, object)


async def goes(stage: Stage, statement: Statement, *ways: tuple[str, str]) -> None:
    """Type each script in turn, and see what the statement says after it."""
    for script, reason in ways:
        await stage.type(script)
        assert await stage.reason(statement, settled=reason) == reason, script


async def test_a_network_from_nothing(room: Stage) -> None:
    async def tenant(see: See) -> None:
        await require_virtual_network(
            see,
            "tenant",
            mode="open",
            address="10.78.0.1/24",
            dhcp=("10.78.0.10", "10.78.0.99"),
            reserved={MAC.upper(): "10.78.0.21"},
            autostart=True,
        )

    def again(forward: str) -> str:
        return described(forward) + "virsh net-destroy tenant; virsh net-define net.xml"

    kept = HOST.replace("77", "78")
    update = 'virsh net-update tenant {} ip-dhcp-host "{}" {}'
    await goes(
        room,
        tenant,
        ("true", "absent"),
        (described() + "virsh net-create net.xml", "transient"),
        ("virsh net-destroy tenant; virsh net-define net.xml", "not-started"),
        ("virsh net-start tenant", "other-mode"),
        (again("<forward mode='nat'/>") + "; virsh net-start tenant", "other-mode"),
        (described("<forward mode='open'/>") + "virsh net-define net.xml", "not-now"),
        ("virsh net-destroy tenant; virsh net-start tenant", "not-reserved"),
        (update.format("add", kept, "--live"), "not-kept"),
        (update.format("delete", kept, "--live"), "not-reserved"),
        (update.format("add", kept, "--config"), "not-now"),
        (update.format("add", kept.replace(".21", ".23"), "--live"), "not-now"),
        (update.format("modify", kept, "--live"), "other-autostart"),
        ("virsh net-autostart tenant", "pass"),
        (update.format("modify", kept.replace(".21", ".23"), "--live --config"),
         "other-reservation"),
    )  # fmt: skip


async def test_a_card_and_its_address(room: Stage) -> None:
    async def card(see: See) -> None:
        await require_card(see, "alpha", "order", mac=MAC, address="10.77.0.21")

    async def elsewhere(see: See) -> None:
        await require_card(see, "alpha", "nowhere")

    assert await room.reason(elsewhere) == "no-network"
    plug = f"virsh attach-interface alpha network order --model virtio --mac {MAC}"
    unplug = f"virsh detach-interface alpha network --mac {MAC}"
    in_guest = (
        'virsh qemu-agent-command alpha \'{"execute":"guest-exec","arguments":{"path":'
        '"/bin/sh","arg":["-c","ADDRESS"]}}\''
    )
    by_hand = in_guest.replace(
        "ADDRESS", "killall udhcpc; ip addr flush dev eth0; ip addr add 10.77.0.30/24 dev eth0"
    )
    await goes(
        room,
        card,
        ("true", "no-card"),
        (f"{plug} --config", "not-attached"),
        (f"{plug} --live; {unplug} --config", "not-kept"),
        (f"{plug} --config", "pass"),
        (by_hand, "other-address"),
        (f"{unplug} --live --config; {plug.replace(MAC, '52:54:00:99:00:24')} --live --config",
         "other-mac"),
    )  # fmt: skip


async def test_a_guests_files_come_again_at_a_cold_start(room: Stage) -> None:
    read = f"timeout 90 sh -c 'until {READ}; do sleep 0.3; done'"
    assert await room.type(read) == "comes again"
    await room.type("virsh destroy page")
    assert await room.type(f"virsh start page >/dev/null; {read}") == "comes again"
    # As a restored machine is reset: QEMU hands out the archive that it was started with.
    await room.type("virsh reset page")
    assert await room.type(read) == "comes again"
