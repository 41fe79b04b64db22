"""Memory and CPUs: what can change while the guest runs, and what waits for its next start."""

from __future__ import annotations

from lab_engine.authoring import (
    VM,
    ByHand,
    DomainProbe,
    GuestCommandProbe,
    See,
    require,
    require_domain,
)
from labs.kvm_and_virsh.values import MOST_MEMORY, Values, answered, awake, lab, on_console

KERNELS_SHARE = 64
"""MiB that a kernel of this size may keep for itself before it counts its memory."""
CPUS = 2
PAGE = 4
"""KiB, in which a balloon counts."""

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
    await require_domain(see, v.vm)
    now, kept = domain.memory_kib, domain.config_memory_kib
    look = f"virsh dommemstat {v.vm} | grep actual"
    require(
        kept != v.more << 10 or now != v.less << 10,
        "config-only",
        expected=f"{v.vm} has {v.more} MiB now.",
        observed=f"It has {v.less} MiB now, and gets {v.more} MiB at its next start.",
        look=look,
    )
    require(
        abs(now - v.more * 10**6 / 1024) > PAGE,
        "decimal",
        expected=f"{v.vm} has {v.more} MiB now.",
        observed=f"It has {now} KiB now, which is {v.more} MB.",
        look=look,
    )
    require(
        now != v.more << 10 or kept != v.less << 10,
        "live-only",
        expected=f"{v.vm} has {v.more} MiB at its next start as well.",
        observed=f"Its definition still says {v.less} MiB.",
        look=f"virsh dumpxml {v.vm} --inactive --xpath //currentMemory",
    )
    await require_domain(see, v.vm, memory=v.more)
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
    await require_domain(see, v.vm)
    require(
        domain.config_vcpus_max < CPUS or domain.config_vcpus != 1,
        "maximum-only",
        expected=f"{v.vm} starts with {CPUS} CPUs.",
        observed=f"It may have {domain.config_vcpus_max}, but starts with 1.",
        look=f"virsh vcpucount {v.vm}",
    )
    await require_domain(see, v.vm, vcpus=CPUS, when="kept")
    require(
        domain.vcpus_max != 1,
        "not-restarted",
        expected=f"{v.vm} has {CPUS} CPUs now.",
        observed="The machine that runs was built for 1.",
        look=f"virsh vcpucount {v.vm}",
    )
    await require_domain(see, v.vm, vcpus=CPUS, when="now")
    answered(count, v)
    require(
        count.out.strip() == str(CPUS),
        "not-in-the-guest",
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
    explained={2: ["maximum-only"], 3: ["not-restarted"]},
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
    reason="live-only",
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
    reason="maximum-only",
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
step.near_miss(
    "half-a-mib-too-much",
    lambda v: [f"virsh setmem {v.vm} {v.more * 1024 + 512} --live --config"],
    rejected_by="memory",
    reason="other-memory",
)
step.near_miss(
    "half-a-mib-too-much-later",
    lambda v: [
        f"virsh setmem {v.vm} {v.more}M --live",
        f"virsh setmem {v.vm} {v.more * 1024 + 512} --config",
    ],
    rejected_by="memory",
    reason="other-memory-kept",
)
step.near_miss(
    "four-processors",
    lambda v: [
        f"virsh setvcpus {v.vm} 4 --maximum --config",
        f"virsh setvcpus {v.vm} 4 --config",
    ],
    rejected_by="cpus",
    reason="other-vcpus-kept",
)
