"""What differs from learner to learner, and words that several steps use."""

from __future__ import annotations

from lab_engine.authoring import (
    SMALL_INITRAMFS,
    SMALL_KERNEL,
    ByHand,
    GuestCommandReading,
    Lab,
    Look,
    Seed,
    Variables,
    by_hand,
    require,
)

NAMES = ("maple", "juniper", "hazel", "rowan", "alder", "laurel", "linden", "willow")
WORDS = ("lantern", "harbour", "orchard", "meadow", "glacier", "copper", "violet", "thunder")
POOLS = ("depot", "cellar", "attic", "barn")
KERNEL = SMALL_KERNEL
INITRAMFS = SMALL_INITRAMFS
MOST_MEMORY = 256
"""MiB that a VM of this lesson has at most, so that one saved state serves all of them."""


class Values(Variables, frozen=True):
    """Names, sizes in MiB and words.

    `memory` is what a definition asks for, `less` and `more` what a running VM has and shall get.
    """

    vm: str = ""
    memory: int = 0
    less: int = 0
    more: int = 0
    word: str = ""
    pool: str = ""
    volume: str = ""
    disk: int = 0
    snapshot: str = ""
    ledger: str = ""

    @classmethod
    def draw(cls, seed: Seed) -> Values:
        return cls(
            vm=seed.choice("vm", NAMES),
            memory=seed.choice("memory", (176, 184, 200, 208, 216, 224)),
            less=seed.choice("less", (144, 152, 160)),
            more=seed.choice("more", (192, 200, 208, 216)),
            word=f"{seed.choice('word', WORDS)}-{seed.token('note', 4)}",
            pool=seed.choice("pool", POOLS),
            volume=f"data-{seed.token('volume', 3)}.qcow2",
            disk=seed.choice("disk", (96, 112, 128, 144, 160)),
            snapshot=f"before-{seed.choice('snapshot', WORDS)}",
            ledger=f"balance-{seed.number('ledger', 1000, 9999)}",
        )


lab = Lab("kvm-and-virsh", Values)


def awake(v: Values, before: str = "") -> ByHand:
    """Wait for the guest agent; `before` is a command that is run first."""
    return by_hand.awake(v.vm, before)


def inside(v: Values, script: str, *, wait: str = "true") -> ByHand:
    """Run a script in the guest. No quotes in it."""
    return by_hand.in_guest(v.vm, script, wait=wait)


def typed(v: Values, *lines: str, patience: int = 1) -> ByHand:
    """Type lines on the console, and leave it."""
    return by_hand.on_console(v.vm, *lines, patience=patience)


def on_console(v: Values, command: str) -> Look:
    """A command that the learner types on the VM's console."""
    return Look(command, console=v.vm)


def answered(command: GuestCommandReading, v: Values) -> None:
    """Require that the guest agent ran it."""
    require(
        command.ran,
        "silent",
        expected=f"The guest in {v.vm} has booted, and its agent answers.",
        observed="The guest agent does not answer (yet): a guest that boots takes up to a minute.",
        look=f"virsh dumpxml {v.vm} --xpath //channel",
    )
