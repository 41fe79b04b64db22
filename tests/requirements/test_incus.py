"""Requirements about Incus: what a learner types, and what is said of it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from lab_engine import protocol as p
from lab_engine.authoring import (
    IncusImage,
    IncusProject,
    See,
    require_instance,
    require_instance_gone,
    require_instance_serves,
    require_project,
    require_rented_over_api,
    require_restricted,
    require_untouched_instance,
)
from lab_engine.bench.container import Bench
from lab_engine.common.evidence import Unmet
from lab_engine.errors import DockerUnavailable
from lab_engine.packs.image import ensure
from tests.requirements.conftest import Stage, connected

pytestmark = [pytest.mark.bench, pytest.mark.slow]

RESOURCES = (IncusImage("web"), IncusImage("idle", runs="true"), IncusProject("bank"))
SIZE = 48 << 20
CONF = "export INCUS_CONF=~/work/conf"
ANNA = (
    f"incus config set core.https_address 127.0.0.1:18443; {CONF}; "
    "incus remote add cloud $(INCUS_CONF= incus config trust add -q anna --projects bank "
    "--restricted) < /dev/null > /dev/null 2>&1"
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    try:
        tag = ensure(["incus"], print)
    except DockerUnavailable as error:
        pytest.skip(str(error))
    name = f"test-{os.getpid()}-rented"
    made = Bench.create(name, memory=2 << 30, idle_seconds=0, tag=tag)
    yield made
    made.remove()


@pytest.fixture
async def stage(bench: Bench) -> AsyncIterator[Stage]:
    """A cloud with two images and a project `bank`."""
    async with connected(bench) as link:
        await link.request(p.StartDaemons, dict[str, bool], daemons=("incus",))
        await link.request(p.Provision, p.ProvisionReport, resources=RESOURCES)
        stage = Stage(bench, link)
        await stage.type("mkdir -p ~/work")
        yield stage
        await stage.type(
            "for p in default bank; do for i in $(incus list --project $p -f csv -c n); do "
            "incus delete -f $i --project $p; done; done; "
            "for c in $(incus config trust list -f csv -c f); do incus config trust remove $c; "
            "done; "
            "incus config unset core.https_address; rm -rf ~/work/*; "
            "incus project unset bank limits.instances; incus project unset bank limits.containers"
        )


def launch(name: str, options: str = "", image: str = "web") -> str:
    return f"incus launch -q {image} {name} {options} < /dev/null"


async def rented(see: See) -> None:
    await require_instance(see, "shop", project="bank", image="web", memory=SIZE)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (launch("shop", "--project bank -c limits.memory=48MiB"), "pass"),
        (
            "incus init -q web shop --project bank < /dev/null; "
            "incus config set shop limits.memory 49152KiB --project bank; "
            "incus start shop --project bank",
            "pass",
        ),
        (
            "curl -sf --unix-socket /var/lib/incus/unix.socket -X POST "
            '\'http://x/1.0/instances?project=bank\' -d \'{"name":"shop","start":true,'
            '"source":{"type":"image","alias":"web"},"config":{"limits.memory":"48MiB"}}\'; '
            "sleep 3",
            "pass",
        ),
        ("true", "absent"),
        (launch("shop2", "--project bank -c limits.memory=48MiB"), "absent"),
        (launch("shop", "-c limits.memory=48MiB"), "other-project"),
        (launch("shop", "--project bank -c limits.memory=48MiB", "idle"), "other-image"),
        (
            launch("shop", "--project bank -c limits.memory=48MiB")
            + "; incus stop -f shop --project bank",
            "not-running",
        ),
        (launch("shop", "--project bank"), "no-limit"),
        (launch("shop", "--project bank -c user.limits.memory=48MiB"), "no-limit"),
        (launch("shop", "--project bank -c limits.memory=48MB"), "other-limit"),
    ],
)
async def test_an_instance(stage: Stage, typed: str, reason: str) -> None:
    await stage.type(typed)
    assert await stage.reason(rented) == reason


async def test_given_back_and_untouched(stage: Stage) -> None:
    await stage.type(f"{launch('one')}; {launch('two')}; {launch('three')}")

    async def gone(see: See) -> None:
        await require_instance_gone(see, "two")

    async def kept(see: See) -> None:
        await require_untouched_instance(see, "one")

    async def never(see: See) -> None:
        await require_instance_gone(see, "four")

    async def all_of_it(see: See) -> None:
        for statement in (gone, kept, never):
            with suppress(Unmet):
                await statement(see)

    await stage.start(all_of_it)
    assert await stage.reason(gone) == "still-there"
    assert await stage.reason(kept) == "pass"
    assert await stage.reason(never) == "never-there"
    await stage.type("incus stop -f two")
    assert await stage.reason(gone) == "only-stopped"
    await stage.type("incus rename two old")
    assert await stage.reason(gone) == "elsewhere"
    await stage.type("incus move old --target-project bank")
    assert await stage.reason(gone) == "elsewhere"
    await stage.type("incus delete old --project bank")
    assert await stage.reason(gone) == "pass"
    await stage.type("incus stop -f one")
    assert await stage.reason(kept) == "not-running"
    await stage.type("incus start one")
    assert await stage.reason(kept) == "restarted"
    await stage.type(f"incus delete -f one; {launch('one')}")
    assert await stage.reason(kept) == "replaced"
    await stage.type("incus delete -f one")
    assert await stage.reason(kept) == "absent"


async def serves(see: See) -> None:
    await require_instance_serves(see, "shop", 80, says="shop")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (launch("shop"), "pass"),
        (
            launch("shop", image="idle")
            + "; incus exec shop -- sh -c 'mkdir -p /s; echo shop > /s/index.html; "
            "httpd -p 80 -h /s'",
            "pass",
        ),
        ("true", "absent"),
        (launch("shop", "--project bank"), "absent"),
        (f"{launch('shop')}; incus stop -f shop", "not-running"),
        (launch("shop", image="idle"), "no-server"),
        (
            launch("shop", image="idle")
            + "; mkdir ~/work/s; echo shop > ~/work/s/index.html; sudo nsenter -n -t "
            "$(incus info shop | awk '/^PID:/ { print $2 }') busybox httpd -p 80 -h ~/work/s",
            "served-by-another",
        ),
        (
            launch("shop", image="idle") + "; incus exec shop -- httpd -p 80 -h /root",
            "no-page",
        ),
        (
            # Its own page, which it writes while it starts, must not come after this one.
            f"{launch('shop')}; incus exec shop -- sh -c 'for n in $(seq 50); do "
            "[ -s /www/index.html ] && break; sleep 0.1; done; echo bank > /www/index.html'",
            "other-page",
        ),
    ],
)
async def test_a_page_of_an_instance(stage: Stage, typed: str, reason: str) -> None:
    await stage.type(typed)
    assert await stage.reason(serves, settled=reason) == reason


async def two_at_most(see: See) -> None:
    await require_project(see, "bank", limits={"instances": 2})


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("incus project set bank limits.instances 2", "pass"),
        ("true", "no-limit"),
        ("incus project set bank limits.containers 2", "no-limit"),
        ("incus project set bank user.limits.instances 2", "no-limit"),
        ("incus project set bank limits.instances 3", "other-limit"),
    ],
)
async def test_a_quota(stage: Stage, typed: str, reason: str) -> None:
    await stage.type(typed)
    assert await stage.reason(two_at_most) == reason


async def shares(see: See) -> None:
    await require_project(see, "room", shares=("images", "profiles"))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("-c features.images=false -c features.profiles=false", "pass"),
        ("-c features.images=false -c features.profiles=false -c features.networks=true", "pass"),
        ("", "own-features"),
        ("-c features.images=false", "own-features"),
        ("-c features.profiles=false", "own-features"),
        ("-c user.features.images=false -c features.profiles=false", "own-features"),
    ],
)
async def test_what_a_project_shares(stage: Stage, options: str, reason: str) -> None:
    await stage.type(f"incus project create room {options}")
    try:
        assert await stage.reason(shares) == reason
    finally:
        await stage.type("incus project delete room")


async def test_a_project_that_is_not_there(stage: Stage) -> None:
    async def there(see: See) -> None:
        await require_project(see, "shop")

    assert await stage.reason(there) == "no-project"


async def restricted(see: See) -> None:
    await require_restricted(see, "bank")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (ANNA, "pass"),
        ("true", "nobody-trusted"),
        (ANNA.replace(" --restricted", ""), "unrestricted"),
        (ANNA.replace("--projects bank ", ""), "other-projects"),
        (ANNA.replace("--projects bank", "--projects bank,default"), "other-projects"),
        (ANNA.replace("--projects bank", "--projects default"), "other-projects"),
    ],
)
async def test_who_is_let_in(stage: Stage, typed: str, reason: str) -> None:
    await stage.type(typed)
    assert await stage.reason(restricted) == reason


async def test_rented_from_where(stage: Stage) -> None:
    async def from_(see: See, address: str) -> None:
        await require_rented_over_api(see, "shop", project="bank", address=address)

    await stage.start(by_anna)
    await stage.type(f"{ANNA}; {CONF}; incus launch -q cloud:web cloud:shop < /dev/null")
    assert await stage.reason(lambda see: from_(see, "127.0.0.1"), settled="pass") == "pass"
    assert await stage.reason(lambda see: from_(see, "10.99.0.2")) == "from-elsewhere"


async def by_anna(see: See) -> None:
    await require_rented_over_api(see, "shop", project="bank")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (f"{ANNA}; {CONF}; incus launch -q cloud:web cloud:shop < /dev/null", "pass"),
        (
            f"{ANNA}; curl -skf --cert ~/work/conf/client.crt --key ~/work/conf/client.key -X POST "
            "'https://127.0.0.1:18443/1.0/instances?project=bank' -d "
            '\'{"name":"shop","source":{"type":"image","alias":"web"}}\'; sleep 3',
            "pass",
        ),
        (ANNA, "not-rented"),
        (f"{ANNA}; {launch('shop')}", "not-rented"),
        (f"{ANNA}; {launch('shop', '--project bank')}", "on-the-socket"),
        (
            f"{ANNA.replace('--projects bank --restricted', '')}; {CONF}; "
            "incus launch -q cloud:web cloud:shop --project bank < /dev/null",
            "by-another",
        ),
        (
            f"{ANNA}; {CONF}; incus launch -q cloud:web cloud:shop < /dev/null; INCUS_CONF= "
            f"incus delete -f shop --project bank; INCUS_CONF= {launch('shop', '--project bank')}",
            "on-the-socket",
        ),
    ],
)
async def test_rented_over_the_api(stage: Stage, typed: str, reason: str) -> None:
    await stage.start(by_anna)
    await stage.type(typed)
    assert await stage.reason(by_anna, settled=reason) == reason
