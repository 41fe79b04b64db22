"""One small VM until its guest agent answers: bare QEMU, libvirt, restored. `ROUNDS`."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from benchmarks.inside.provisioning import up_and_down
from lab_engine.families.libvirt.agent import domain_xml, states
from lab_engine.families.libvirt.agent.connection import connect
from lab_engine.families.libvirt.guests import accelerator, small
from lab_engine.families.libvirt.guests.agent_channel import AgentChannel
from lab_engine.families.libvirt.resources import VM

LIMIT = 120.0
NAME = "bare"


def qemu_command(machine: domain_xml.Hardware, agent: Path) -> list[str]:
    """The same machine without libvirt: kernel, memory, CPU, and the devices of ours."""
    words = [accelerator.QEMU, "-nodefaults", "-no-user-config", "-display", "none"]
    words += ["-machine", f"pc,accel={'kvm' if machine.domain_type == 'kvm' else 'tcg'}"]
    if machine.domain_type == "kvm":
        words += ["-cpu", "host,migratable=on"]
    words += ["-m", str(machine.memory), "-smp", str(machine.vcpus)]
    words += ["-kernel", machine.kernel, "-initrd", machine.initramfs]
    words += ["-append", f"{machine.arguments} infralab.host={NAME} systemd.hostname={NAME}"]
    words += ["-serial", "null", "-device", "virtio-serial-pci", "-device", "virtio-balloon-pci"]
    words += ["-object", "rng-random,id=r,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=r"]
    words += ["-chardev", f"socket,id=ga,path={agent},server=on,wait=off"]
    words += ["-device", "virtserialport,chardev=ga,name=org.qemu.guest_agent.0"]
    return words


def wait_for_agent(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Ping the guest agent once and wait for its answer.

    QEMU keeps what is sent in its socket until the agent in the guest opens its end.
    """
    end = time.monotonic() + LIMIT
    while not path.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"QEMU ended with {process.poll()}")
        time.sleep(0.005)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
        agent.settimeout(LIMIT)
        agent.connect(str(path))
        agent.sendall(b'{"execute":"guest-ping"}\n')
        if b"return" not in agent.recv(4096):
            raise RuntimeError("bare QEMU: the guest did not answer")


def bare(machine: domain_xml.Hardware) -> float:
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        agent = Path(folder) / "agent"
        began = time.perf_counter()
        process = subprocess.Popen(qemu_command(machine, agent), stdin=subprocess.DEVNULL)
        try:
            wait_for_agent(agent, process)
            return time.perf_counter() - began
        finally:
            process.kill()
            process.wait()


def cold(machine: domain_xml.Hardware) -> float:
    xml = domain_xml.domain(machine, NAME, str(uuid.uuid4()))
    began = time.perf_counter()
    domain = connect().createXML(xml, 0)
    try:
        if not AgentChannel(domain).wait(LIMIT):
            raise RuntimeError("libvirt: the guest did not answer")
        return time.perf_counter() - began
    finally:
        domain.destroy()


def main(rounds: int) -> dict[str, object]:
    answer = accelerator.find()
    small.ensure()
    machine = domain_xml.hardware(VM("template"), answer.domain_type)
    kept = states.find(states.facts(machine)) is not None
    began = time.perf_counter()
    states.find_or_make(machine, lambda _: None)
    first = time.perf_counter() - began
    cold(machine)  # libvirt asks QEMU what it can, once
    found: dict[str, list[float]] = {"bare": [], "cold": [], "restored": [], "removed": []}
    for _ in range(rounds):
        found["bare"].append(bare(machine))
        found["cold"].append(cold(machine))
        up, down = up_and_down([VM("restored")])
        found["restored"].append(up)
        found["removed"].append(down)
    return {
        "accelerator": answer.accelerator,
        "reason": answer.reason,
        "kept": kept,
        "first": first,
        "times": found,
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
