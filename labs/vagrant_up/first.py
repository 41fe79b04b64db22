"""The first machine of a file."""

from __future__ import annotations

import re

from lab_engine.authoring import (
    DomainProbe,
    GuestFileProbe,
    Look,
    Pool,
    See,
    require,
    require_domain,
    require_vagrant_machine,
    require_vagrantfile,
)
from labs.vagrant_up.named import only_name
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


def says_other(text: str, memory: int) -> int | None:
    """The memory that a Vagrantfile gives instead of this one, in MiB; None if it may give this.

    A number that is worked out, or comes by a variable, cannot be told from the text.
    """
    found = [int(one) for one in re.findall(r"\bmemory\s*=\s*[\"']?(\d+)\b(?!\s*[-+*/])", text)]
    return found[-1] if found and memory not in found else None


def defined(memory: int, *names: str) -> str:
    lines = "".join(f'  config.vm.define "{name}"\n' for name in names)
    return vagrantfile(memory).replace("  config.vm.provider", f"{lines}  config.vm.provider")


@step.check("machine", points=3, settle=1.0)
async def machine(see: See, v: Values) -> None:
    name = await only_name(see, v.folder)
    made = await require_vagrant_machine(see, v.folder, name=name, box=BOX)
    its = await see(DomainProbe(made.thing))
    text = await require_vagrantfile(see, v.folder, BOX, "memory")
    other, has = says_other(text, v.memory), its.config_memory_kib / 1024
    # A reload changes what it may have at most, and leaves what it has.
    right = its.config_memory_max_kib == its.config_memory_kib == v.memory << 10
    require(
        not right or other is None,
        "other-file",
        expected=f"The Vagrantfile gives the machine {v.memory} MiB.",
        observed=f"It says {other} by now, and {made.thing} has {has:g}.",
        look=f"cat {v.folder}/Vagrantfile",
    )
    require(
        right or other is not None or not re.search(rf"memory\s*=\s*[\"']?{v.memory}\b", text),
        "older-than-the-file",
        expected=f"{made.thing} was made with {v.memory} MiB, as the Vagrantfile says.",
        observed=f"It has {has:g}.",
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
step.solution(
    "a machine with a name",
    lambda v: [add(v), written(v, defined(v.memory, "one")), up(v)],
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
    reason="said-nowhere",
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
step.near_miss(
    "another number in the file afterwards",
    lambda v: [
        add(v),
        f"{written(v, vagrantfile(v.memory))}\n{up(v)}",
        f"sed -i s/{v.memory}/192/ ~/work/{v.project}/Vagrantfile",
    ],
    rejected_by="machine",
    reason="other-file",
)
step.near_miss(
    "the file thrown away afterwards",
    lambda v: [
        add(v),
        f"{written(v, vagrantfile(v.memory))}\n{up(v)}",
        f"rm ~/work/{v.project}/Vagrantfile",
    ],
    rejected_by="machine",
    reason="no-file",
)
step.near_miss(
    "two machines",
    lambda v: [
        add(v),
        written(v, defined(v.memory, "one", "two")),
        up(v, " --no-parallel"),
    ],
    rejected_by="machine",
    reason="several",
)
