"""A VM is a description first: a file of XML that libvirt reads and keeps."""

from __future__ import annotations

from lab_engine.authoring import DomainListProbe, DomainProbe, File, See, require
from labs.kvm_and_virsh.values import INITRAMFS, KERNEL, Values, defined, lab

DRAFT_MEMORY = 512


def description(v: Values) -> str:
    """The XML that the learner starts from; its memory is not the wanted one."""
    return f"""\
<domain type='qemu'>
  <name>{v.vm}</name>
  <memory unit='MiB'>{DRAFT_MEMORY}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64'>hvm</type>
    <kernel>{KERNEL}</kernel>
    <initrd>{INITRAMFS}</initrd>
    <cmdline>console=ttyS0 quiet cryptomgr.notests mitigations=off</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <serial type='pty'/>
    <console type='pty'/>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
  </devices>
</domain>
"""


step = lab.step(
    "define",
    daemons=("libvirt",),
    resources=lambda v: [
        File("xml", path=f"/home/learner/work/{v.vm}.xml", content=description(v))
    ],
    touches=lambda v: [f"file/*/{v.vm}.xml"],
)


@step.check("define", points=2)
async def define(see: See, v: Values) -> None:
    domain, every = await see(DomainProbe(v.vm), DomainListProbe())
    require(
        domain.exists or not every.names,
        "other-name",
        expected=f"libvirt knows a VM called {v.vm}.",
        observed=f"It knows {', '.join(every.names)}.",
        look="virsh list --all",
    )
    defined(domain, v)
    require(
        domain.config_memory_max == v.memory and domain.config_memory == v.memory,
        "memory",
        expected=f"{v.vm} is to have {v.memory} MiB.",
        observed=f"Its definition says {domain.config_memory_max} MiB at most, and "
        f"{domain.config_memory} to begin with.",
        look=f"virsh dominfo {v.vm}",
    )
    require(
        domain.kernel == KERNEL,
        "kernel",
        expected=f"It boots {KERNEL}, as the file says.",
        observed=f"It boots {domain.kernel or 'from a disk'}.",
        look=f"virsh dumpxml {v.vm} --xpath //os",
    )
    require(
        domain.state == "shut",
        "started",
        expected=f"{v.vm} is shut off: starting it is the next step.",
        observed=f"{v.vm} is {domain.state}.",
        look="virsh list --all",
    )


def edit(v: Values) -> str:
    return f"sed -i 's|>{DRAFT_MEMORY}<|>{v.memory}<|' {v.vm}.xml"


step.solution(
    "edit-then-define",
    lambda v: [edit(v), f"virsh define {v.vm}.xml"],
    explained={0: ["memory"]},
)
step.solution(
    "define-then-change",
    lambda v: [
        f"virsh define {v.vm}.xml",
        f"virsh setmaxmem {v.vm} {v.memory}M --config",
    ],
    explained={1: ["memory"]},
)
step.near_miss(
    "as-it-was",
    lambda v: [f"virsh define {v.vm}.xml"],
    rejected_by="define",
    reason="memory",
    explain="The memory in the file was not the one that the task names.",
)
step.near_miss(
    "megabytes",
    lambda v: [
        f"sed -i \"s|'MiB'>{DRAFT_MEMORY}<|'MB'>{v.memory}<|\" {v.vm}.xml",
        f"virsh define {v.vm}.xml",
    ],
    rejected_by="define",
    reason="memory",
    explain="The memory in the file was not the one that the task names.",
)
step.near_miss(
    "create",
    lambda v: [edit(v), f"virsh create {v.vm}.xml"],
    rejected_by="define",
    reason="transient",
    explain="`virsh create` starts a VM without keeping its description. `virsh define` keeps it.",
)
step.near_miss(
    "started-too",
    lambda v: [edit(v), f"virsh define {v.vm}.xml", f"virsh start {v.vm}"],
    rejected_by="define",
    reason="started",
    explain="Defining and starting are two acts. This step asks for the first one only.",
)
step.near_miss(
    "other-name",
    lambda v: [edit(v), f"sed 's|{v.vm}|vm1|' {v.vm}.xml > vm1.xml", "virsh define vm1.xml"],
    rejected_by="define",
    reason="other-name",
    explain="The name in the XML is the VM's name; the name of the file does not matter.",
)
