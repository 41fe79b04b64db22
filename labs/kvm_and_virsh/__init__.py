"""KVM and virsh: is KVM there, and a VM from its definition to its snapshots."""

from __future__ import annotations

from labs.kvm_and_virsh import accelerator, console, define, disk, resize, snapshots, start
from labs.kvm_and_virsh.values import lab

__all__ = ["accelerator", "console", "define", "disk", "lab", "resize", "snapshots", "start"]
