"""The first machine of a file."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    DomainProbe,
    FileProbe,
    GuestFileProbe,
    Look,
    Pool,
    See,
    require,
    require_domain,
    require_vagrant_machine,
)
from labs.vagrant_up.values import BOX, CATALOGUE, POOL, SMALL, Values, lab, up, written

step = lab.step(
    "first-up",
    daemons=("libvirt",),
    resources=lambda _: [SMALL, Pool(POOL)],
    touches=lambda _: [f"pool/{POOL}"],
)


def vagrantfile(memory: int) -> str:
    return f"""Vagrant.configure("2") do |config|
  config.vm.box = "{BOX}"
  config.vm.provider "libvirt" do |libvirt|
    libvirt.memory = {memory}
  end
end
"""


@step.check("machine", points=3, settle=1.0)
async def machine(see: See, v: Values) -> None:
    made = await require_vagrant_machine(see, v.folder, box=BOX)
    its, file = await see(DomainProbe(made.thing), FileProbe(f"{v.folder}/Vagrantfile"))
    require(
        # A reload changes what it may have at most, and leaves what it has.
        its.config_memory_max_kib == its.config_memory_kib == v.memory << 10
        or not re.search(rf"(?m)^[^#\n]*memory\s*=\s*{v.memory}\b", file.content),
        "older-than-the-file",
        expected=f"{made.thing} was made with {v.memory} MiB, as the Vagrantfile says.",
        observed=f"It has {its.config_memory_kib / 1024:g}.",
        look=f"virsh dominfo {made.thing}; cat {v.folder}/Vagrantfile",
    )
    await require_domain(see, made.thing, memory=v.memory, memory_max=v.memory)
    told = await see(GuestFileProbe(made.thing, "/etc/box"))
    require(
        told.text.startswith(BOX),
        "silent",
        expected=f"The guest in {made.thing} answers, and is that of the box.",
        observed="It does not answer (yet)." if not told.answers else "It is another guest.",
        look=Look("cat /etc/box", console=made.thing),
    )


def add(_: Values) -> str:
    return f"vagrant box add {CATALOGUE}"


step.solution("the box first", lambda v: [add(v), written(v, vagrantfile(v.memory)), up(v)])
step.solution(
    "the file says where the box is, and memory comes from a variable",
    lambda v: [
        written(
            v,
            f"""# -*- mode: ruby -*-
memory = {v.memory}
Vagrant.configure(2) do |config|
  config.vm.box = "{BOX}"
  config.vm.box_url = "file://{CATALOGUE}"
  config.vm.provider :libvirt do |domain|
    domain.memory = memory
    domain.title = "the first"
  end
end
""",
        ),
        up(v, " --provider=libvirt"),
    ],
)
step.near_miss(
    "written, not brought up",
    lambda v: [add(v), written(v, vagrantfile(v.memory)), f"cd {v.project} && vagrant validate"],
    rejected_by="machine",
    reason="not-up",
)
step.near_miss(
    "as much memory as the box says",
    lambda v: [
        add(v),
        written(v, f'Vagrant.configure("2") do |config|\n  config.vm.box = "{BOX}"\nend\n'),
        up(v),
    ],
    rejected_by="machine",
    reason="other-memory",
)
step.near_miss(
    "the number changed when the machine was there",
    lambda v: [
        add(v),
        f"{written(v, vagrantfile(192))}\n{up(v)}",
        f"sed -i s/192/{v.memory}/ ~/work/{v.project}/Vagrantfile",
    ],
    rejected_by="machine",
    reason="older-than-the-file",
    explain="The file is what the machine is made from, and also what you change. A running "
    "machine does not notice: `vagrant destroy -f` and `vagrant up` make it anew.",
)
step.near_miss(
    "a machine by hand",
    lambda v: [
        add(v),
        written(v, vagrantfile(v.memory)),
        f"virsh vol-create-as {POOL} {v.project}_default.img 64M --format qcow2",
        f'virt=$(mktemp) && printf \'<domain type="qemu"><name>{v.project}_default</name>'
        f'<memory unit="MiB">{v.memory}</memory><os><type>hvm</type></os></domain>\' > $virt '
        "&& virsh define $virt && virsh start "
        f"{v.project}_default",
    ],
    rejected_by="machine",
    reason="not-up",
)
