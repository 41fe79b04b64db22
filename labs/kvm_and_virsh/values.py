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
    """A command that waits until the guest agent of a running VM answers, two minutes at most.

    `before` is a command that is run first.
    """
    waiting = (
        f"virsh domstate {v.vm} | grep -q running && timeout 150 sh -c "
        f"'until virsh guestinfo {v.vm} > /dev/null 2>&1; do sleep 0.5; done'"
    )
    command = f"{before} && {waiting}" if before else waiting
    return ByHand(command, typed=f"{before}\nvirsh guestinfo {v.vm}")


def inside(v: Values, script: str, *, wait: str = "true") -> ByHand:
    """A command that runs a script in the guest through its agent. No quotes in the script.

    `wait` is run before it, for what a person would only have patience.
    """
    agent = f"virsh qemu-agent-command {v.vm}"
    request = (
        '{"execute":"guest-exec","arguments":{"path":"/bin/sh","arg":["-c","'
        + f"{wait}; {script}"
        + '"]}}'
    )
    status = """{"execute":"guest-exec-status","arguments":{"pid":'$pid'}}"""
    command = (
        f"pid=$({agent} '{request}' | jq .return.pid); for _ in $(seq 200); do "
        f"{agent} '{status}' | grep -q 'exited\":true' && break; sleep 0.3; done"
    )
    return ByHand(command, typed=f"virsh console {v.vm}\n{script}")


def typed(v: Values, *lines: str, patience: int = 1) -> ByHand:
    """A command that logs in on the serial console, types lines, and leaves with Ctrl+].

    `patience` is how many seconds the last line gets to do its work.
    """
    keys = "; ".join(f"echo '{line}'; sleep 1" for line in ("root", *lines))
    command = (
        f"(sleep 1; echo; sleep 1; {keys}; sleep {patience}; printf '\\035') | "
        f"script -qec 'virsh console {v.vm}' /dev/null"
    )
    return ByHand(command, typed="\n".join((f"virsh console {v.vm}", *lines)))


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
