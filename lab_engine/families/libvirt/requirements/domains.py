"""Statements about virtual machines: how they are, and how they came up (client side)."""

from __future__ import annotations

from typing import (
    Literal,
)

from lab_engine.common.evidence import (
    See,
    require,
)
from lab_engine.common.happening import (
    Fact,
    since_start,
)
from lab_engine.families.libvirt.probes.domain import DomainEventsProbe, DomainProbe, DomainReading

When = Literal["both", "now", "kept"]


async def require_domain(
    see: See,
    name: str,
    *,
    state: Literal["running", "shut", "paused", ""] = "running",
    persistent: bool = True,
    memory: int | None = None,
    memory_max: int | None = None,
    vcpus: int | None = None,
    vcpus_max: int | None = None,
    kernel: str = "",
    initrd: str = "",
    autostart: bool | None = None,
    when: When = "both",
) -> DomainReading:
    """Libvirt has a VM of this name, as described, now and in its definition. One round trip.

        await require_domain(see, v.vm, memory=192, vcpus=2, when="both")

    Reasons: `absent`, `transient`, `paused`, `off`, `on`, `other-memory`, `other-memory-kept`,
    `other-vcpus`, `other-vcpus-kept`, `other-kernel`, `other-initrd`, `other-autostart`.

    Args:
        see: the check's way to ask.
        name: its name.
        state: what it must be; empty for any.
        persistent: whether it must be defined, so that it is still there when it is off.
        memory: MiB, exactly.
        memory_max: the most that it may get, in MiB, exactly.
        vcpus: how many it has.
        vcpus_max: how many it may get.
        kernel: the path of the kernel that it boots, now (if it runs) and at its next start.
        initrd: the path of the initial ramdisk, in the same way.
        autostart: whether libvirt starts it by itself.
        when: whether the sizes are those of now (`now`), of the next start (`kept`), or both. Those
            of now are asked only of a VM that runs.
    """
    found = await see(DomainProbe(name))
    known(found, name, persistent=persistent)
    is_in(found, name, state)
    now, kept = when != "kept" and found.id != 0, when != "now"
    for word, wanted, has, will in (
        ("MiB of memory", memory, found.memory_kib, found.config_memory_kib),
        ("MiB of memory at most", memory_max, found.memory_max_kib, found.config_memory_max_kib),
    ):
        if wanted is None:
            continue
        require(
            not now or has == wanted << 10,
            "other-memory",
            expected=f"{name} has {wanted} {word} now.",
            observed=f"It has {has / 1024:g} MiB.",
            look=f"virsh dominfo {name}; virsh dommemstat {name} | grep actual || true",
        )
        require(
            not kept or will == wanted << 10,
            "other-memory-kept",
            expected=f"{name} has {wanted} {word} at its next start.",
            observed=f"Its definition says {will / 1024:g} MiB, or {will} KiB.",
            look=f"virsh dumpxml --inactive {name} | grep -i memory",
        )
    for word, wanted, has, will in (
        ("virtual CPUs", vcpus, found.vcpus, found.config_vcpus),
        ("virtual CPUs at most", vcpus_max, found.vcpus_max, found.config_vcpus_max),
    ):
        if wanted is None:
            continue
        require(
            not now or has == wanted,
            "other-vcpus",
            expected=f"{name} has {wanted} {word} now.",
            observed=f"It has {has}.",
            look=f"virsh vcpucount {name}",
        )
        require(
            not kept or will == wanted,
            "other-vcpus-kept",
            expected=f"{name} has {wanted} {word} at its next start.",
            observed=f"Its definition says {will}.",
            look=f"virsh vcpucount {name}",
        )
    boots = f"virsh dumpxml --inactive {name} --xpath //os"
    live = found.id != 0
    require(
        kernel in ("", found.config_kernel) and (not live or kernel in ("", found.kernel)),
        "other-kernel",
        expected=f"{name} boots {kernel}.",
        observed=f"It boots {found.config_kernel or 'from a disk'}.",
        look=boots,
    )
    require(
        initrd in ("", found.config_initrd) and (not live or initrd in ("", found.initrd)),
        "other-initrd",
        expected=f"{name} boots with the initial ramdisk {initrd}.",
        observed=f"It boots with {found.config_initrd or 'none'}.",
        look=boots,
    )
    require(
        autostart in (None, found.autostart),
        "other-autostart",
        expected=f"libvirt {'starts' if autostart else 'does not start'} {name} by itself.",
        observed=f"It does{'' if found.autostart else ' not'}.",
        look=f"virsh dominfo {name} | grep Autostart",
    )
    return found


async def require_booted(see: See, name: str) -> DomainReading:
    """Since the step began, a VM was started from nothing, and runs since then. One round trip.

        await require_booted(see, v.vm)

    Not resumed, restored or reverted.

    Reasons: `absent`, `off`, `paused`, `not-booted`.
    """
    happened = await since_start(see, DomainEventsProbe(name))
    found = await see(DomainProbe(name))
    known(found, name, persistent=False)
    is_in(found, name, "running")
    starts = [one for one in happened if one.action == "started"]
    require(
        starts and Fact("started", {"why": "booted"}).fits(starts[-1]),
        "not-booted",
        expected=f"{name} was booted since this step began.",
        observed=f"It was {starts[-1].facts.get('why')}." if starts else "It was not started.",
        look=f"virsh domstate --reason {name}",
    )
    return found


def known(found: DomainReading, name: str, *, persistent: bool) -> None:
    require(
        found.exists,
        "absent",
        expected=f"libvirt knows a VM called {name}.",
        observed=f"There is no VM called {name}.",
        look="virsh list --all",
    )
    require(
        found.persistent or not persistent,
        "transient",
        expected=f"{name} is defined, so that it is still there when it is off.",
        observed=f"{name} only runs; when it stops, libvirt forgets it.",
        look=f"virsh dominfo {name} | grep Persistent",
    )


def is_in(found: DomainReading, name: str, state: str) -> None:
    if state in ("", found.state):
        return
    reason = {"paused": "paused", "running": "on"}.get(found.state, "off")
    require(
        False,
        reason,
        expected=f"{name} is {'shut off' if state == 'shut' else state}.",
        observed=f"{name} is {'shut off' if found.state == 'shut' else found.state}.",
        look="virsh list --all",
    )
