"""Statements asked from inside a VM, by its own kernel: right and wrong ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from lab_engine import protocol as p
from lab_engine.authoring import (
    VM,
    AddressesProbe,
    GuestCommandProbe,
    GuestCommandReading,
    HttpProbe,
    HttpReading,
    Nic,
    See,
    TlsProbe,
    VirtualNetwork,
    guest,
    require_link,
    require_port,
    require_reaches,
    require_route,
)
from lab_engine.bench.container import Bench
from tests.bench.conftest import ok
from tests.requirements.conftest import Stage, connected
from tests.requirements.test_machines import goes, inside

ROUTER = "192.168.131.1"
ALPHA = guest("alpha")


def test_what_cannot_be_asked_in_a_guest_says_so() -> None:
    with pytest.raises(ValueError, match="TlsProbe cannot be asked from the VM alpha"):
        TlsProbe("10.0.0.1", 443, ALPHA)


@pytest.fixture
async def machine(make_bench: Callable[..., Bench]) -> AsyncIterator[Stage]:
    """A VM on a network with the bench, where a web server waits."""
    made = make_bench("guest-places", memory=2 << 30)
    ok(made.run(["/usr/lib/infralab/bin/start-libvirt"]))
    async with connected(made) as link:
        stage = Stage(made, link)
        await stage.type("mkdir -p ~/work/site && echo hello > ~/work/site/page")
        resources = (
            VirtualNetwork("lan", subnet="192.168.131.0/24"),
            VM("alpha", memory=192, networks=(Nic("lan"),)),
        )
        await link.request(p.Provision, p.ProvisionReport, resources=resources)
        await stage.type(
            f"cd site; setsid python3 -m http.server 8080 --bind {ROUTER} "
            ">/dev/null 2>&1 </dev/null &"
        )
        yield stage
        await link.request(p.Teardown, object)


@pytest.mark.bench
@pytest.mark.vm
@pytest.mark.slow
async def test_from_inside_a_guest(machine: Stage) -> None:
    async def reaches(see: See) -> None:
        await require_reaches(see, ROUTER, ALPHA, wire="eth0", port=8080)

    async def route(see: See) -> None:
        await require_route(see, "default", ALPHA, via=ROUTER, dev="eth0")

    async def serves(see: See) -> None:
        await require_port(see, 7000, ALPHA, program="busybox")

    async def wired(see: See) -> None:
        (one,) = (await see(AddressesProbe(ALPHA))).within("192.168.131.0/24")
        await require_link(see, "eth0", ALPHA, addresses=[one.cidr])

    page = HttpProbe(f"http://{ROUTER}:8080/page", ALPHA)
    for wanted in (page, HttpProbe(f"http://{ROUTER}:8080/none", ALPHA)):
        (answer,) = await machine.ask([wanted])
        assert not answer.problem
        reading = msgspec.json.decode(answer.reading, type=HttpReading)
        assert (reading.status, reading.body[:6]) in ((200, "hello\n"), (404, "<!DOCT"))
    (answer,) = await machine.ask([HttpProbe(f"http://{ROUTER}:81/", ALPHA)])
    assert b'"refused"' in bytes(answer.reading)
    # What takes too long leaves nothing behind that takes the guest's time from the next question.
    late = GuestCommandProbe("alpha", ("sleep", "600"), seconds=1)
    gone = "for n in $(seq 100); do pidof sleep || exit 0; done; exit 1"
    for question, ok_there in (
        (late, False),
        (GuestCommandProbe("alpha", ("sh", "-c", gone)), True),
    ):
        (answer,) = await machine.ask([question])
        assert msgspec.json.decode(answer.reading, type=GuestCommandReading).ok == ok_there
    # Nor where the agent itself gave no answer, so that nothing could be ended at the time.
    asked = asyncio.create_task(
        machine.ask([GuestCommandProbe("alpha", ("sleep", "601"), seconds=60)])
    )
    await asyncio.sleep(2)
    await machine.type("virsh suspend alpha")
    (answer,) = await asked
    assert not msgspec.json.decode(answer.reading, type=GuestCommandReading).ok
    await machine.type("virsh resume alpha")
    (answer,) = await machine.ask([GuestCommandProbe("alpha", ("sh", "-c", gone))])
    assert msgspec.json.decode(answer.reading, type=GuestCommandReading).ok
    await goes(machine, wired, ("true", "pass"))
    await goes(
        machine,
        reaches,
        ("true", "pass"),
        ("pkill -f http.server", "no-connection"),
        (inside("ip link set eth0 down"), "no-connection"),
    )
    await goes(
        machine,
        route,
        ("true", "no-route"),
        (inside(f"ip link set eth0 up; ip route add default via {ROUTER}"), "pass"),
        (inside("ip route replace default via 192.168.131.9"), "other-gateway"),
    )
    await goes(
        machine,
        serves,
        ("true", "no-server"),
        (inside("nc -ll -p 7000 -e cat >/dev/null 2>&1 & true"), "pass"),
        ("virsh destroy alpha", "silent"),
    )
