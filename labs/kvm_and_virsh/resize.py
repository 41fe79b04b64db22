"""Memory and CPUs: what can change while the guest runs, and what waits for its next start."""

from __future__ import annotations

from lab_engine.authoring import VM, ByHand, DomainProbe, GuestCommandProbe, See, require
from labs.kvm_and_virsh.values import MOST_MEMORY, Values, answered, awake, lab, on_console, running

KERNELS_SHARE = 64
"""MiB that a kernel of this size may keep for itself before it counts its memory."""
CPUS = 2

step = lab.step(
    "resources",
    daemons=("libvirt",),
    resources=lambda v: [VM(v.vm, memory=MOST_MEMORY, memory_now=v.less)],
    touches=lambda v: [f"vm/{v.vm}"],
)


@step.check("memory", points=2, settle=1.0)
async def memory(see: See, v: Values) -> None:
    domain, total = await see(
        DomainProbe(v.vm),
        GuestCommandProbe(v.vm, ("awk", "/MemTotal/ {print $2}", "/proc/meminfo")),
    )
    running(domain, v)
    require(
        domain.memory == v.more or domain.config_memory != v.more,
        "config-only",
        expected=f"{v.vm} has {v.more} MiB now.",
        observed=f"It has {domain.memory} MiB now, and gets {v.more} MiB at its next start.",
        look=f"virsh dommemstat {v.vm} | grep actual",
    )
    require(
        domain.memory != v.more * 10**6 >> 20,
        "decimal",
        expected=f"{v.vm} has {v.more} MiB now.",
        observed=f"It has {domain.memory} MiB now, which is {v.more} MB.",
        look=f"virsh dommemstat {v.vm} | grep actual",
    )
    require(
        domain.memory == v.more,
        "later",
        expected=f"{v.vm} has {v.more} MiB now.",
        observed=f"It has {domain.memory} MiB now.",
        look=f"virsh dommemstat {v.vm} | grep actual",
    )
    require(
        domain.config_memory == v.more,
        "forgotten",
        expected=f"{v.vm} has {v.more} MiB at its next start as well.",
        observed=f"Its definition says {domain.config_memory} MiB.",
        look=f"virsh dumpxml {v.vm} --inactive --xpath //currentMemory",
    )
    answered(total, v)
    seen = int(total.out or 0) >> 10
    require(
        v.more - KERNELS_SHARE <= seen <= v.more,
        "not-in-the-guest",
        expected=f"The guest counts nearly {v.more} MiB.",
        observed=f"The guest counts {seen} MiB.",
        look=on_console(v, "free -m"),
    )


@step.check("cpus", points=2)
async def cpus(see: See, v: Values) -> None:
    domain, count = await see(DomainProbe(v.vm), GuestCommandProbe(v.vm, ("nproc",)))
    running(domain, v)
    require(
        domain.config_vcpus_max >= CPUS,
        "maximum",
        expected=f"{v.vm} may have {CPUS} CPUs.",
        observed=f"Its definition allows {domain.config_vcpus_max} at most.",
        look=f"virsh vcpucount {v.vm}",
    )
    require(
        domain.config_vcpus == CPUS,
        "current",
        expected=f"{v.vm} starts with {CPUS} CPUs.",
        observed=f"It may have {domain.config_vcpus_max}, but starts with {domain.config_vcpus}.",
        look=f"virsh vcpucount {v.vm}",
    )
    answered(count, v)
    require(
        count.out.strip() == str(CPUS),
        "not-restarted",
        expected=f"The guest has {CPUS} CPUs.",
        observed=f"The guest has {count.out.strip()}.",
        look=f"virsh vcpucount {v.vm} --guest",
    )


step.solution(
    "set",
    lambda v: [
        f"virsh setmem {v.vm} {v.more}M --live --config",
        f"virsh setvcpus {v.vm} {CPUS} --maximum --config",
        f"virsh setvcpus {v.vm} {CPUS} --config",
        ByHand(
            f"virsh shutdown {v.vm} && "
            f'timeout 30 sh -c \'until virsh list --all | grep -q "{v.vm} .*shut off"; '
            "do sleep 0.5; done'",
            typed=f"virsh shutdown {v.vm}; virsh list --all",
        ),
        awake(v, f"virsh start {v.vm}"),
    ],
    explained={2: ["current"], 3: ["not-restarted"]},
)
step.solution(
    "define-again",
    lambda v: [
        f"virsh dumpxml {v.vm} --inactive > new.xml",
        f"sed -i -e 's|<currentMemory.*|<currentMemory unit=\"MiB\">{v.more}</currentMemory>|' "
        f"-e 's|<vcpu.*|<vcpu>{CPUS}</vcpu>|' new.xml",
        "virsh define new.xml",
        awake(v, f"virsh destroy {v.vm} && virsh start {v.vm}"),
    ],
    explained={3: ["config-only", "not-restarted"]},
)
step.near_miss(
    "live-only",
    lambda v: [f"virsh setmem {v.vm} {v.more}M --live"],
    rejected_by="memory",
    reason="forgotten",
    explain="--live changes the running VM and leaves its definition alone, so the next start "
    "undoes it. Give --live and --config together.",
)
step.near_miss(
    "config-only",
    lambda v: [f"virsh setmem {v.vm} {v.more}M --config"],
    rejected_by="memory",
    reason="config-only",
    explain="--config changes the definition, which counts from the next start on. The VM that "
    "runs now keeps what it has.",
)
step.near_miss(
    "megabytes",
    lambda v: [f"virsh setmem {v.vm} {v.more}MB --live --config"],
    rejected_by="memory",
    reason="decimal",
    explain="MB counts in thousands, M and MiB count in 1024s.",
)
step.near_miss(
    "maximum-only",
    lambda v: [f"virsh setvcpus {v.vm} {CPUS} --maximum --config"],
    rejected_by="cpus",
    reason="current",
    explain="The maximum is how many CPUs the VM could have. How many it starts with is a second "
    "number, set without --maximum.",
)
step.near_miss(
    "not-restarted",
    lambda v: [
        f"virsh setvcpus {v.vm} {CPUS} --maximum --config",
        f"virsh setvcpus {v.vm} {CPUS} --config",
    ],
    rejected_by="cpus",
    reason="not-restarted",
    explain="The definition is right, but the machine that runs was built from the old one. "
    "A reboot inside the guest does not build a new one either: shut it off, and start it.",
)
step.near_miss(
    "rebooted",
    lambda v: [
        f"virsh setvcpus {v.vm} {CPUS} --maximum --config",
        f"virsh setvcpus {v.vm} {CPUS} --config",
        awake(v, f"virsh reboot {v.vm} && sleep 3"),
    ],
    rejected_by="cpus",
    reason="not-restarted",
    explain="The definition is right, but the machine that runs was built from the old one. "
    "A reboot inside the guest does not build a new one either: shut it off, and start it.",
)
