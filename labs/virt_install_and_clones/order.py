"""One command in place of a description: virt-install."""

from __future__ import annotations

from lab_engine.authoring import (
    DomainListProbe,
    DomainProbe,
    GuestCommandProbe,
    Pool,
    See,
    by_hand,
    require,
    require_disk,
    require_domain,
    require_volume,
)
from labs.virt_install_and_clones.values import (
    ARGUMENTS,
    INITRAMFS,
    KERNEL,
    MIB,
    Values,
    answered,
    lab,
)

step = lab.step("order", daemons=("libvirt",), resources=lambda v: [Pool(v.pool)])


@step.check("order", points=3, settle=2.0)
async def order(see: See, v: Values) -> None:
    domain, every = await see(DomainProbe(v.vm), DomainListProbe())
    require(
        domain.exists or not every.names,
        "other-name",
        expected=f"libvirt knows a VM called {v.vm}.",
        observed=f"It knows {', '.join(every.names)}.",
        look="virsh list --all",
    )
    await require_domain(see, v.vm, state="")
    require(
        domain.config_kernel or not domain.kernel,
        "boots-once",
        expected=f"{v.vm} boots the kernel at every start.",
        observed="Its definition names no kernel: at its next start it looks for one on its disk.",
        look=f"virsh dumpxml --inactive {v.vm} --xpath //os",
    )
    require(
        domain.config_kernel,
        "no-kernel",
        expected=f"{v.vm} boots the kernel at every start.",
        observed="Its definition names no kernel.",
        look=f"virsh dumpxml --inactive {v.vm} --xpath //os",
    )
    ours = [disk for disk in domain.config_disks if disk.pool == v.pool]
    listed = ", ".join(disk.source or "an empty drive" for disk in domain.config_disks) or "none"
    for reason, found in (("no-disk", domain.config_disks), ("other-pool", ours)):
        require(
            found,
            reason,
            expected=f"{v.vm} has a disk from the pool {v.pool}.",
            observed=f"Its disks: {listed}.",
            look=f"virsh domblklist {v.vm}",
        )
    await require_volume(see, v.pool, ours[0].volume, format="qcow2", size=v.disk * MIB)
    await require_disk(see, v.vm, v.pool, ours[0].volume, format="qcow2")
    await require_domain(
        see,
        v.vm,
        memory=v.memory,
        memory_max=v.memory,
        vcpus=1,
        vcpus_max=1,
        kernel=KERNEL,
        initrd=INITRAMFS,
    )
    require(
        domain.agent_channel,
        "no-channel",
        expected=f"{v.vm} has a channel for the guest agent.",
        observed="It has none.",
        look=f"virsh dumpxml {v.vm} --xpath //channel",
    )
    require(
        not (*domain.config_interfaces, *domain.interfaces),
        "has-a-card",
        expected=f"{v.vm} has no network card yet.",
        observed="It has one.",
        look=f"virsh domiflist {v.vm}",
    )
    told = await see(GuestCommandProbe(v.vm, ("cat", "/proc/cmdline")))
    answered(told, v.vm)
    lacking = [word for word in ARGUMENTS.split() if word not in told.out.split()]
    require(
        not lacking,
        "other-arguments",
        expected=f"The kernel got the arguments {ARGUMENTS}.",
        observed=f"Of these it did not get {' '.join(lacking)}.",
        look=f"virsh dumpxml {v.vm} --xpath //cmdline",
    )


def install(v: Values, *more: str, left_out: str = "", **other: str) -> str:
    """The command as the text teaches it; `other` replaces the value of an option."""
    boot = f'kernel={KERNEL},initrd={INITRAMFS},kernel_args="{ARGUMENTS}"'
    options = {
        "name": v.vm,
        "memory": str(v.memory),
        "vcpus": "1",
        "virt-type": "qemu",
        "osinfo": "linux2024",
        "import": "",
        "boot": f"'{boot}'",
        "disk": f"pool={v.pool},size={v.gib},format=qcow2",
        "network": "none",
        "channel": "unix,target.type=virtio,target.name=org.qemu.guest_agent.0",
        "graphics": "none",
        "noautoconsole": "",
    } | {key.replace("_", "-"): value for key, value in other.items()}
    words = [f"--{name} {value}".rstrip() for name, value in options.items() if name != left_out]
    return " ".join(["virt-install", *words, *more])


step.solution("one command", lambda v: [by_hand.awake(v.vm, install(v))])
step.solution(
    "what is usual left unsaid",
    # For the systems behind linux2024 the agent's channel comes by itself.
    lambda v: [by_hand.awake(v.vm, install(v, left_out="channel"))],
)

DEFINED = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory>
<vcpu>1</vcpu><os><type arch='x86_64'>hvm</type><kernel>{kernel}</kernel><initrd>{initrd}</initrd>
<cmdline>{arguments}</cmdline></os><features><acpi/></features><devices>
<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>
<source pool='{pool}' volume='own.qcow2'/><target dev='vda' bus='virtio'/></disk>
<serial type='pty'/><channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>
</channel></devices></domain>"""

step.solution(
    "a volume first",
    lambda v: [
        f"virsh vol-create-as {v.pool} mine.qcow2 {v.disk}M --format qcow2",
        by_hand.awake(v.vm, install(v, disk=f"vol={v.pool}/mine.qcow2")),
    ],
)
step.solution(
    "a description by hand",
    lambda v: [
        f"virsh vol-create-as {v.pool} own.qcow2 {v.disk}M --format qcow2",
        "cat > own.xml <<'END'\n"
        + DEFINED.format(
            name=v.vm,
            memory=v.memory,
            kernel=KERNEL,
            initrd=INITRAMFS,
            arguments=ARGUMENTS,
            pool=v.pool,
        )
        + "\nEND",
        "virsh define own.xml",
        by_hand.awake(v.vm, f"virsh start {v.vm}"),
    ],
    explained={3: ["off"]},
)
step.near_miss(
    "no line to the agent",
    lambda v: [install(v, channel="none")],
    rejected_by="order",
    reason="no-channel",
)
step.near_miss(
    "for the installation only",
    lambda v: [
        install(v, left_out="import").replace("--boot", "--install"),
    ],
    rejected_by="order",
    reason="boots-once",
    explain="--install is for the first start alone, when an installer writes a system to the "
    "disk. Here nobody writes one, so the second start would find an empty disk. --boot is for "
    "every start.",
)
step.near_miss(
    "a machine for one evening",
    lambda v: [install(v, "--transient")],
    rejected_by="order",
    reason="transient",
    explain="--transient makes a machine that libvirt forgets when it stops. `virsh destroy` ends "
    "it; without the option it is kept.",
)
step.near_miss(
    "half the wanted disk",
    lambda v: [install(v, disk=f"pool={v.pool},size={float(v.gib) / 2},format=qcow2")],
    rejected_by="order",
    reason="other-size",
)
step.near_miss(
    "thousands for 1024s",
    lambda v: [install(v, disk=f"pool={v.pool},size={v.disk / 1000},format=qcow2")],
    rejected_by="order",
    reason="other-size",
)
step.near_miss(
    "raw",
    lambda v: [install(v, disk=f"pool={v.pool},size={v.gib},format=raw")],
    rejected_by="order",
    reason="other-format",
)
step.near_miss(
    "no disk",
    lambda v: [install(v, disk="none")],
    rejected_by="order",
    reason="no-disk",
    explain="`--disk none` is right for a machine that lives in memory. The order names a disk.",
)
step.near_miss(
    "a disk in no pool of the order",
    lambda v: [install(v, disk=f"path=/var/lib/libvirt/images/{v.vm}.qcow2,size={v.gib}")],
    rejected_by="order",
    reason="other-pool",
)
step.near_miss(
    "no kernel at all",
    lambda v: [install(v, left_out="boot")],
    rejected_by="order",
    reason="no-kernel",
)
step.near_miss(
    "the arguments of the example",
    lambda v: [
        by_hand.awake(
            v.vm,
            install(
                v,
                boot=f"'kernel={KERNEL},initrd={INITRAMFS},kernel_args=\"console=ttyS0 quiet\"'",
            ),
        )
    ],
    rejected_by="order",
    reason="other-arguments",
)
step.near_miss(
    "no initial ramdisk",
    lambda v: [install(v, boot=f"kernel={KERNEL}")],
    rejected_by="order",
    reason="other-initrd",
)
step.near_miss(
    "more memory",
    lambda v: [install(v, memory=str(v.memory + 64))],
    rejected_by="order",
    reason="other-memory",
)
step.near_miss(
    "only printed",
    lambda v: [install(v, "--print-xml > printed.xml", name="draft"), "virsh define printed.xml"],
    rejected_by="order",
    reason="other-name",
    explain="--name is what libvirt calls the machine. `virsh undefine NAME` takes back one of a "
    "wrong name.",
)
step.near_miss(
    "defined and not started",
    lambda v: [install(v, "--print-xml > printed.xml"), "virsh define printed.xml"],
    rejected_by="order",
    reason="off",
    explain="What is defined is kept, and does not run. `virsh start` starts it.",
)
