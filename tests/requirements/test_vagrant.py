"""Statements about machines of Vagrant: made by it, made by hand, and only noted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from lab_engine import protocol as p
from lab_engine.authoring import (
    Image,
    Pool,
    See,
    VagrantBox,
    VagrantMachinesProbe,
    VagrantProjectsProbe,
    require_domain,
    require_vagrant_machine,
    require_vagrantfile,
)
from lab_engine.bench.container import Bench
from lab_engine.packs import image as packs
from lab_engine.session.check import Inquiry
from labs.vagrant_provision import ansible, folders, puppet, shell, upload
from labs.vagrant_provision import values as provision
from labs.vagrant_together import cable, port
from labs.vagrant_together import values as together
from labs.vagrant_up import first
from tests.bench.conftest import ok
from tests.requirements.conftest import Stage, Statement, connected

pytestmark = [pytest.mark.bench, pytest.mark.slow]

WORK = "/home/learner/work"
FINISHED = Path(__file__).parents[2] / "vagrant/lessons"
PROVISIONED = provision.Values(site="shop", note="crate", conf="ledger", colour="teal")
CONTAINER = """Vagrant.configure("2") do |config|
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.provider "docker" do |docker|
    docker.image = "busybox"
    docker.cmd = ["sleep", "1d"]
    docker.has_ssh = false
    docker.pull = false
  end
end
"""
MACHINE = """Vagrant.configure("2") do |config|
  config.vm.box = "infralab/small"
  config.vm.box_version = "1.0.0"
  config.vm.network "forwarded_port", guest: 22, host: 18822, host_ip: "127.0.0.1"
  config.vm.provider "libvirt" do |libvirt|
    libvirt.memory = 160
  end
end
"""


@pytest.fixture(scope="module")
def host(make_bench: Callable[..., Bench]) -> Bench:
    absent = packs.missing(["vagrant"])
    if absent is not None:
        pytest.skip(absent.message)
    made = make_bench("vagrant", memory=2 << 30, tag=packs.ensure(["vagrant"], print))
    for daemon in ("docker", "libvirt"):
        ok(made.run([f"/usr/lib/infralab/bin/start-{daemon}"]))
    return made


@pytest.fixture
async def stage(host: Bench) -> AsyncIterator[Stage]:
    """A bench with two versions of a box, and nothing made of them."""
    async with connected(host) as link:
        made = Stage(host, link)
        resources = (
            Image("busybox"),
            VagrantBox("small", versions=("1.0.0", "1.1.0")),
            Pool("default"),
        )
        await link.request(p.Provision, p.ProvisionReport, resources=resources)
        yield made
        await made.type(
            "rm -rf ~/work/* ~/.vagrant.d; docker ps -aq | xargs -r docker rm -f >/dev/null"
        )
        await link.request(p.Teardown, object)


def project(name: str, vagrantfile: str) -> str:
    return f"mkdir -p ~/work/{name}; cat > ~/work/{name}/Vagrantfile <<'END'\n{vagrantfile}END\n"


def pair(v: together.Values, number: int) -> str:
    """Two machines in a network of their own, with a port of the bench for the one in front."""
    opened = port.forwarded(80, number).strip().replace("config.", "machine.")
    front = cable.front(v).replace("  machine.vm.prov", f"  {opened}\n  machine.vm.prov")
    return together.vagrantfile(together.PROVIDER + cable.back(v) + front)


async def goes(stage: Stage, statement: Statement, *ways: tuple[str, str]) -> None:
    """Type each script in turn, and see what the statement says after it."""
    for script, reason in ways:
        # As at a login, which tells Vagrant that there is no network to ask.
        done = await asyncio.to_thread(
            stage.bench.run,
            ["bash", "-lec", script],
            user="learner",
            workdir=WORK,
            env={"HOME": "/home/learner"},
            timeout=240,
        )
        assert done.exit_code == 0, (done.stdout + done.stderr).decode(errors="replace")
        assert await stage.reason(statement) == reason, script


async def test_a_container_of_a_project(stage: Stage) -> None:
    async def made(see: See) -> None:
        await require_vagrant_machine(see, f"{WORK}/shop", provider="docker", image="busybox")

    notes = ".vagrant/machines/default/docker"
    await goes(
        stage,
        made,
        ("true", "no-project"),
        (project("shop", CONTAINER), "not-up"),
        ("docker run -d --name shop_default_1 busybox sleep 1d", "not-up"),
        # An id that begins like one is none.
        (f"cd shop; mkdir -p {notes}; docker ps -q > {notes}/id", "no-such-machine"),
        (f"cd shop; rm {notes}/id; mkfifo {notes}/id", "not-up"),
        (f"cd shop; rm {notes}/id; ln -s id {notes}/id", "not-up"),
        (f"cd shop; rm {notes}/id; truncate -s 1G {notes}/id", "no-such-machine"),
        ("cd shop; rm -r .vagrant; vagrant up", "pass"),
        (
            "cd shop; sed -i 's/default/x/' .vagrant/machines/default/docker/box_meta || true",
            "pass",
        ),
        (f"docker stop -t 0 $(cat shop/{notes}/id)", "not-running"),
        (f"docker start $(cat shop/{notes}/id)", "pass"),
        (f"docker rm -f $(cat shop/{notes}/id)", "no-such-machine"),
        ("cd shop; vagrant up", "pass"),
        ("cd shop; vagrant destroy -f", "not-up"),
    )


async def test_an_image_is_by_its_name(stage: Stage) -> None:
    async def other(see: See) -> None:
        await require_vagrant_machine(see, f"{WORK}/shop", provider="docker", image="alpine")

    async def virtual(see: See) -> None:
        await require_vagrant_machine(see, f"{WORK}/shop")

    await goes(stage, other, (project("shop", CONTAINER) + "cd shop; vagrant up", "other-image"))
    assert await stage.reason(virtual) == "other-provider"
    found = await Inquiry(stage.ask, None)(VagrantProjectsProbe())
    assert found.projects == (f"{WORK}/shop",)
    await stage.type("cd ~/work/shop; vagrant destroy -f")


async def test_what_a_file_says(stage: Stage) -> None:
    async def said(see: See) -> None:
        await require_vagrantfile(see, f"{WORK}/shop", "infralab/small", "memory")

    def written(line: str) -> str:
        return project("shop", f"{line}\n")

    await goes(
        stage,
        said,
        ("rm -rf shop; mkdir shop", "no-file"),
        ("ln -s nowhere shop/Vagrantfile", "no-file"),
        ("rm shop/Vagrantfile; touch shop/Vagrantfile", "said-nowhere"),
        (written('box = "infralab/small" # memory = 160'), "said-nowhere"),
        (written('# box = "infralab/small"; memory = 160'), "said-nowhere"),
        (written('box = "infralab/small#1"; memory = 160'), "pass"),
        (written('box = "infralab/#{size}"; memory = 160'), "said-nowhere"),
        (written('name = "a \\" # b"; box = "infralab/small"; memory = 160'), "pass"),
        (written('box = "infralab/small"\nmemory = 160'), "pass"),
        ("rm shop/Vagrantfile", "no-file"),
    )


async def test_containers_with_a_network_and_nothing_left_of_them(stage: Stage) -> None:
    """After `destroy` there is no container, no network and no port."""
    v = together.Values(front="desk", back="archive", net="10.71.8", word="rondo")

    async def both(see: See) -> None:
        for name in (v.front, v.back):
            await require_vagrant_machine(see, f"{WORK}/pair", name=name, provider="docker")

    kept = "docker ps -aq; docker network ls --format '{{.Name}}'; ss -Hltn | awk '{print $4}'"
    before = sorted((await stage.type(kept)).split())
    await goes(
        stage,
        both,
        (project("pair", pair(v, 18823)), "not-up"),
        ("cd pair; vagrant up --no-parallel", "pass"),
    )
    during = (await stage.type(kept)).split()
    assert "127.0.0.1:18823" in during
    assert len(during) == len(before) + 4
    await goes(stage, both, ("cd pair; vagrant destroy -f", "not-up"))
    assert sorted((await stage.type(kept)).split()) == before


@pytest.mark.vm
async def test_a_machine_and_nothing_left_of_it(stage: Stage) -> None:
    """By the domain's disk: which box, which version. After `destroy` nothing of it is there."""

    async def made(see: See) -> None:
        one = await require_vagrant_machine(
            see, f"{WORK}/orchard", box="infralab/small", version="1.0.0"
        )
        await require_domain(see, one.thing, memory=160)

    async def newer(see: See) -> None:
        await require_vagrant_machine(see, f"{WORK}/orchard", version="1.1.0")

    kept = (
        "virsh net-list --all --name; virsh list --all --name; ss -Hltn | awk '{print $4}' | sort"
    )
    before = await stage.type(kept)
    boxes = "vagrant box add /srv/boxes/small/catalogue.json --box-version"
    await goes(
        stage,
        made,
        (project("orchard", MACHINE) + f"{boxes} 1.0.0; {boxes} 1.1.0", "not-up"),
        ("cd orchard; vagrant up", "pass"),
    )
    assert await stage.reason(newer) == "other-version"
    assert "127.0.0.1:18822" in (await stage.type(kept)).split()
    found = await Inquiry(stage.ask, None)(VagrantMachinesProbe(f"{WORK}/orchard"))
    assert [one.noted_version for one in found.machines] == ["1.0.0"]
    await goes(
        stage,
        made,
        # A note of another version changes no disk.
        ("sed -i s/1.0.0/1.1.0/ orchard/.vagrant/machines/default/libvirt/box_meta", "pass"),
        ("virsh suspend orchard_default", "not-running"),
        ("virsh resume orchard_default; virsh destroy orchard_default", "not-running"),
        ("cd orchard; vagrant destroy -f", "not-up"),
    )
    assert await stage.type(kept) == before
    volumes = await stage.type("virsh vol-list default | grep -c orchard || true")
    assert volumes == "0"


@pytest.mark.parametrize(
    "path", sorted(FINISHED.glob("*/Vagrantfile")), ids=lambda p: p.parent.name
)
async def test_a_finished_file_of_the_lessons_is_valid(stage: Stage, path: Path) -> None:
    async def there(see: See) -> None:
        await require_vagrant_machine(see, f"{WORK}/finished")

    files = [one for one in sorted(path.parent.rglob("*")) if one.is_file()]
    for one in files:
        to = Path(WORK) / "finished" / one.relative_to(path.parent)
        await stage.type(
            f"mkdir -p {to.parent}; cat > {to} <<'END'\n{one.read_text(encoding='utf-8')}END\n"
        )
    await goes(stage, there, ("cd ~/work/finished; vagrant validate", "not-up"))


def test_the_finished_files_are_what_the_lessons_ask_for() -> None:
    texts = {one.parent.name: one.read_text("utf-8") for one in FINISHED.glob("*/Vagrantfile")}
    assert texts.keys() == {"first", "provision", "together"}
    assert texts["first"] == first.vagrantfile(192)
    v = PROVISIONED
    asked = (
        folders.synced(v),
        provision.NOTES,
        *shell.scripts(v).splitlines()[1:],
        upload.uploaded(v, f"install -o root -g root -m 640 /tmp/{v.conf}.conf /etc/"),
        ansible.RUNS,
        puppet.runs(v.colour),
    )
    assert texts["provision"] == provision.vagrantfile(*asked)
    duo = together.Values(front="desk", back="archive", net="192.168.77", word="rondo")
    assert texts["together"] == pair(duo, 18180)
