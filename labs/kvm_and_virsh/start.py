"""Power on: what is defined begins to run, and a guest boots in it."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    DomainListProbe,
    DomainProbe,
    GuestCommandProbe,
    See,
    require,
    require_domain,
)
from labs.kvm_and_virsh.values import MOST_MEMORY, Values, answered, awake, lab

step = lab.step(
    "start",
    daemons=("libvirt",),
    resources=lambda v: [VM(v.vm, memory=MOST_MEMORY, state="shut")],
    touches=lambda v: [f"vm/{v.vm}"],
)


@step.check("start", points=2)
async def start(see: See, v: Values) -> None:
    before = await see.before(DomainProbe(v.vm))
    domain, kernel, every = await see(
        DomainProbe(v.vm), GuestCommandProbe(v.vm, ("uname", "-r")), DomainListProbe()
    )
    others = sorted(set(every.names) - {v.vm})
    require(
        domain.state != "shut" or not others,
        "a-copy",
        expected=f"{v.vm} runs.",
        observed=f"{v.vm} is off. There is {', '.join(others)} now.",
        look="virsh list --all",
    )
    await require_domain(see, v.vm)
    require(
        domain.uuid == before.uuid,
        "another",
        expected="It is the VM that was defined when the step began.",
        observed="It is another VM under the same name.",
        look=f"virsh domuuid {v.vm}",
    )
    answered(kernel, v)


@step.check("autostart")
async def autostart(see: See, v: Values) -> None:
    domain = await require_domain(see, v.vm, state="")
    require(
        domain.autostart or not domain.running,
        "only-now",
        expected=f"libvirt starts {v.vm} whenever libvirt itself starts.",
        observed="It runs now. After the next start of libvirt somebody has to start it.",
        look="virsh list --all --autostart",
    )
    await require_domain(see, v.vm, state="", autostart=True)


step.solution(
    "start",
    lambda v: [f"virsh start {v.vm}", f"virsh autostart {v.vm}", awake(v)],
    explained={1: ["only-now"]},
)
step.solution(
    "console-at-once",
    lambda v: [
        f"virsh autostart {v.vm}",
        awake(v, f"virsh start {v.vm}"),
    ],
    explained={0: ["only-now"]},
)
step.near_miss(
    "paused",
    lambda v: [f"virsh start --paused {v.vm}"],
    rejected_by="start",
    reason="paused",
    explain="A VM that is paused (`virsh start --paused`, `virsh suspend`) is there, but its CPU "
    "does not get to work. `virsh resume` lets it go on.",
)
step.near_miss(
    "a-copy",
    lambda v: [
        f"virsh dumpxml {v.vm} | sed -e 's|<name>.*<|<name>{v.vm}-2<|' -e /uuid/d -e /genid/d "
        "> copy.xml",
        "virsh create --paused copy.xml",
    ],
    rejected_by="start",
    reason="a-copy",
    explain="What you made is a second VM from the same description. The one that was asked for is "
    "still off.",
)
step.near_miss(
    "replaced",
    lambda v: [
        f"virsh dumpxml {v.vm} | sed -e /uuid/d -e /genid/d > copy.xml",
        f"virsh undefine {v.vm}",
        "virsh define copy.xml",
        f"virsh start {v.vm}",
    ],
    rejected_by="start",
    reason="another",
    explain="A VM is known by its UUID. Define the same XML without it and you get a new machine, "
    "which everything that refers to the old one no longer finds.",
    also=["only-now"],
)
step.near_miss(
    "restart-on-poweroff",
    lambda v: [
        f"virsh dumpxml {v.vm} | sed 's|<on_poweroff>destroy|<on_poweroff>restart|' > new.xml",
        "virsh define new.xml",
    ],
    rejected_by="autostart",
    reason="other-autostart",
)
step.near_miss(
    "only-now",
    lambda v: [f"virsh start {v.vm}"],
    rejected_by="autostart",
    reason="only-now",
    explain="Autostart is not a part of the description. It is a setting of the host: which VMs "
    "to start when libvirt starts. `virsh autostart` makes it.",
)
