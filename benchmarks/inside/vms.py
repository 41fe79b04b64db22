"""One small VM until its guest agent answers: bare QEMU, libvirt, restored. `ROUNDS`.

The floor of a restore is bare QEMU's own: it loads what it has saved itself, as a stream and with
each page at its place in the file (`mapped-ram`, QEMU's docs/devel/migration/mapped-ram).
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.inside.provisioning import up_and_down
from lab_engine.families.libvirt.agent import domain_xml, states
from lab_engine.families.libvirt.agent.connection import connect
from lab_engine.families.libvirt.guests import accelerator, small
from lab_engine.families.libvirt.guests.agent_channel import AgentChannel
from lab_engine.families.libvirt.resources import VM

LIMIT = 120.0
NAME = "bare"
FLOOR: dict[str, list[str]] = {"stream": [], "mapped": ["mapped-ram"]}
"""How bare QEMU saves and loads, and what it must be able to do for it."""


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


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + LIMIT
    while not path.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"QEMU ended with {process.poll()}")
        time.sleep(0.005)


def ping(path: Path) -> None:
    """Ping the guest agent once and wait for its answer.

    QEMU keeps what is sent in its socket until the agent in the guest opens its end.
    """
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
            _wait_for(agent, process)
            ping(agent)
            return time.perf_counter() - began
        finally:
            process.kill()
            process.wait()


class Monitor:
    """QEMU's own protocol (QMP): one command after the other."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(LIMIT)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self._lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: object) -> Any:
        """What QEMU answers; what it tells unasked is passed over."""
        words = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(words).encode() + b"\n")
        while True:
            said = json.loads(self._lines.readline())
            if "error" in said:
                raise RuntimeError(f"QEMU, {command}: {said['error']['desc']}")
            if "return" in said:
                return said["return"]

    def moved(self) -> None:
        """Wait until memory is written or read."""
        end = time.monotonic() + LIMIT
        while (now := self.ask("query-migrate").get("status")) != "completed":
            if now == "failed" or time.monotonic() > end:
                raise RuntimeError(f"QEMU moved no memory: {now}")
            time.sleep(0.002)

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@contextmanager
def qemu(machine: domain_xml.Hardware, *words: str) -> Iterator[tuple[Monitor, Path]]:
    """Bare QEMU until the end of the block: its monitor, and its guest agent's socket."""
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        agent, control = Path(folder) / "agent", Path(folder) / "control"
        command = [*qemu_command(machine, agent), "-qmp", f"unix:{control},server=on,wait=off"]
        process = subprocess.Popen([*command, *words], stdin=subprocess.DEVNULL)
        try:
            _wait_for(control, process)
            monitor = Monitor(control)
            try:
                yield monitor, agent
            finally:
                monitor.close()
        finally:
            process.kill()
            process.wait()


def saved_bare(machine: domain_xml.Hardware, file: Path, capabilities: list[str]) -> None:
    """Boot once with bare QEMU, and have it write the guest's memory into `file`."""
    with qemu(machine) as (monitor, agent):
        ping(agent)
        time.sleep(1.0)
        monitor.ask("stop")
        _able(monitor, capabilities)
        monitor.ask("migrate", uri=f"file:{file}")
        monitor.moved()


def loaded_bare(machine: domain_xml.Hardware, file: Path, capabilities: list[str]) -> float:
    """Seconds until the guest that `saved_bare` has written answers again."""
    began = time.perf_counter()
    with qemu(machine, "-incoming", "defer") as (monitor, agent):
        _able(monitor, capabilities)
        monitor.ask("migrate-incoming", uri=f"file:{file}")
        monitor.moved()
        monitor.ask("cont")
        ping(agent)
        return time.perf_counter() - began


def _able(monitor: Monitor, capabilities: list[str]) -> None:
    on = [{"capability": name, "state": True} for name in capabilities]
    monitor.ask("migrate-set-capabilities", capabilities=on)


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
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        for way in FLOOR:
            saved_bare(machine, Path(folder) / way, FLOOR[way])
        for _ in range(rounds):
            found["bare"].append(bare(machine))
            found["cold"].append(cold(machine))
            for way in FLOOR:
                took = loaded_bare(machine, Path(folder) / way, FLOOR[way])
                found.setdefault(way, []).append(took)
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
