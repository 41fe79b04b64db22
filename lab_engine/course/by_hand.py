"""What a person does in a VM by hand, as commands that a script can run.

A script cannot be patient or sit at a console. Each of these waits, or asks the guest's agent, and
says what a person types instead (`ByHand`).
"""

from __future__ import annotations

from lab_engine.course.lab import ByHand


def awake(vm: str, before: str = "") -> ByHand:
    """Wait until the guest agent of a running VM answers, two and a half minutes at most.

    `before` is a command that is run first.
    """
    waiting = (
        f"virsh domstate {vm} | grep -q running && timeout 150 sh -c "
        f"'until virsh guestinfo {vm} > /dev/null 2>&1; do sleep 0.5; done'"
    )
    command = f"{before} && {waiting}" if before else waiting
    return ByHand(command, typed=f"{before}\nvirsh guestinfo {vm}")


def in_guest(vm: str, script: str, *, wait: str = "true") -> ByHand:
    """Run a script in a guest through its agent, and wait for its end. No quotes in the script.

    `wait` is run before it, for what a person would only have patience.
    """
    agent = f"virsh qemu-agent-command {vm}"
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
    return ByHand(command, typed=f"virsh console {vm}\n{script}")


def on_console(vm: str, *lines: str, patience: int = 1) -> ByHand:
    """Log in on the serial console as root, type lines, and leave with Ctrl+].

    `patience` is how many seconds the last line gets to do its work.
    """
    keys = "; ".join(f"echo '{line}'; sleep 1" for line in ("root", *lines))
    command = (
        f"(sleep 1; echo; sleep 1; {keys}; sleep {patience}; printf '\\035') | "
        f"script -qec 'virsh console {vm}' /dev/null"
    )
    return ByHand(command, typed="\n".join((f"virsh console {vm}", *lines)))
