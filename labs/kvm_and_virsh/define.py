"""A VM is a description first: a file of XML that libvirt reads and keeps."""

from __future__ import annotations

from lab_engine.authoring import (
    DomainListProbe,
    DomainProbe,
    File,
    See,
    require,
    require_domain,
)
from labs.kvm_and_virsh.values import INITRAMFS, KERNEL, Values, lab

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
    await require_domain(see, v.vm, state="")
    look = f"virsh dominfo {v.vm}"
    require(
        domain.config_memory_max_kib != DRAFT_MEMORY << 10,
        "as-it-was",
        expected=f"{v.vm} is to have {v.memory} MiB.",
        observed=f"Its definition says {DRAFT_MEMORY} MiB, as the file did.",
        look=look,
    )
    require(
        domain.config_memory_max_kib != -(-v.memory * 10**6 // 1024),
        "decimal",
        expected=f"{v.vm} is to have {v.memory} MiB.",
        observed=f"Its definition says {domain.config_memory_max_kib} KiB, which is {v.memory} MB.",
        look=look,
    )
    await require_domain(
        see,
        v.vm,
        state="shut",
        memory=v.memory,
        memory_max=v.memory,
        vcpus=1,
        vcpus_max=1,
        kernel=KERNEL,
        initrd=INITRAMFS,
        when="kept",
    )


def edit(v: Values) -> str:
    return f"sed -i 's|>{DRAFT_MEMORY}<|>{v.memory}<|' {v.vm}.xml"


step.solution(
    "edit-then-define",
    lambda v: [edit(v), f"virsh define {v.vm}.xml"],
    explained={0: ["as-it-was"]},
)
step.solution(
    "define-then-change",
    lambda v: [
        f"virsh define {v.vm}.xml",
        f"virsh setmaxmem {v.vm} {v.memory}M --config",
    ],
    explained={1: ["as-it-was"]},
)
step.near_miss(
    "as-it-was",
    lambda v: [f"virsh define {v.vm}.xml"],
    rejected_by="define",
    reason="as-it-was",
    explain="The memory in the file was not the one that the task names.",
)
step.near_miss(
    "megabytes",
    lambda v: [
        f"sed -i \"s|'MiB'>{DRAFT_MEMORY}<|'MB'>{v.memory}<|\" {v.vm}.xml",
        f"virsh define {v.vm}.xml",
    ],
    rejected_by="define",
    reason="decimal",
    explain="MB counts in thousands, MiB in 1024s.",
)
step.near_miss(
    "create",
    lambda v: [edit(v), f"virsh create {v.vm}.xml"],
    rejected_by="define",
    reason="transient",
    explain="`virsh create` starts a VM without keeping its description. End it with "
    "`virsh destroy`; `virsh define` keeps one.",
)
step.near_miss(
    "started-too",
    lambda v: [edit(v), f"virsh define {v.vm}.xml", f"virsh start {v.vm}"],
    rejected_by="define",
    reason="on",
    explain="Defining and starting are two acts. This step asks for the first one only.",
)
step.near_miss(
    "other-name",
    lambda v: [edit(v), f"sed 's|{v.vm}|vm1|' {v.vm}.xml > vm1.xml", "virsh define vm1.xml"],
    rejected_by="define",
    reason="other-name",
    explain="The name in the XML is the VM's name; the name of the file does not matter.",
)
step.near_miss(
    "half-a-mib-too-much",
    lambda v: [
        f"sed -i \"s|'MiB'>{DRAFT_MEMORY}<|'KiB'>{v.memory * 1024 + 512}<|\" {v.vm}.xml",
        f"virsh define {v.vm}.xml",
    ],
    rejected_by="define",
    reason="other-memory-kept",
)
step.near_miss(
    "four-processors",
    lambda v: [edit(v), f"sed -i 's|<vcpu>1<|<vcpu>4<|' {v.vm}.xml", f"virsh define {v.vm}.xml"],
    rejected_by="define",
    reason="other-vcpus-kept",
    explain="The file asks for one processor, and only its memory was to be changed.",
)
step.near_miss(
    "no-initrd",
    lambda v: [edit(v), f"sed -i /initrd/d {v.vm}.xml", f"virsh define {v.vm}.xml"],
    rejected_by="define",
    reason="other-initrd",
    explain="The file names the initial ramdisk that this guest lives in, and only its memory was "
    "to be changed.",
)
