"""A VM's console in a learner's tab, on a real guest: typed and read through a terminal."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from lab_engine.bench.container import Bench
from lab_engine.bench.shell import RECORDER, shell_argv
from lab_engine.common.patience import patient
from lab_engine.families.libvirt.agent.domain_xml import Hardware, domain
from lab_engine.families.libvirt.family import CONSOLE
from lab_engine.families.libvirt.guests import small
from tests.bench.conftest import ok, sh

pytestmark = [pytest.mark.bench, pytest.mark.vm, pytest.mark.slow]

VM = "maple"
CTRL_BRACKET = b"\x1d"


class Tab:
    """A terminal with one program in it."""

    def __init__(self, argv: list[str], environment: dict[str, str] | None = None) -> None:
        self._master, slave = os.openpty()
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.unseen = ""

    def _read(self) -> bool:
        """Whether there may be more."""
        if not select.select([self._master], [], [], 0.2)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.unseen += data.decode(errors="replace")
        return bool(data)

    def see(self, wanted: str, limit: float = 60) -> None:
        """Wait until this is printed, after what was seen before."""
        end = time.monotonic() + patient(limit)
        while wanted not in self.unseen:
            assert self._read(), f"ended without {wanted!r}: {self.unseen[-800:]!r}"
            assert time.monotonic() < end, f"never saw {wanted!r}: {self.unseen[-800:]!r}"
        self.unseen = self.unseen.partition(wanted)[2]

    def type(self, data: bytes) -> None:
        os.write(self._master, data)

    def end(self) -> int:
        """The exit code, once all was read."""
        while self._read() and self.process.poll() is None:
            pass
        return self.process.wait(timeout=10)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture(scope="module")
def host(make_bench: Callable[..., Bench]) -> Bench:
    """A bench with one small VM, which is off."""
    made = make_bench("console")
    ok(made.run(["/usr/lib/infralab/bin/start-libvirt"], timeout=90))
    machine = Hardware(
        "qemu", str(small.KERNEL), str(small.INITRAMFS), " ".join(small.ARGUMENTS), 128, 1, 1
    )
    xml = domain(machine, VM, "1f7a1ab0-0000-4000-8000-00000000c0de")
    ok(made.run(["virsh", "define", "/dev/stdin"], stdin=xml.encode()))
    return made


@pytest.fixture
def tab(host: Bench) -> Iterator[Callable[..., Tab]]:
    tabs: list[Tab] = []

    def opened(target: str, argv: list[str] | None = None) -> Tab:
        tabs.append(Tab(argv or shell_argv(host, target)))
        return tabs[-1]

    yield opened
    for one in tabs:
        one.close()


def test_a_vm_that_is_not_there_is_named_with_those_that_are(tab: Callable[..., Tab]) -> None:
    console = tab("vm:nobody")
    console.see(f"There is no VM called 'nobody'. There is: {VM}. Enter closes this console.")
    console.type(b"\r")
    assert console.end() == 1


def test_a_vm_without_console_and_one_that_stays_off(host: Bench, tab: Callable[..., Tab]) -> None:
    plain = "<domain type='qemu'><name>mute</name><memory>65536</memory><os><type>hvm</type></os>"
    ok(host.run(["virsh", "define", "/dev/stdin"], stdin=f"{plain}</domain>".encode()))
    argv = host.exec_argv([*CONSOLE, "mute", "--wait", "1"], tty=True, interactive=True)
    console = tab("", argv)
    console.see("[mute] The VM is off; `virsh start mute` starts it. Waiting for it.")
    console.see("The VM did not run again within 1 s. Enter closes this console.")
    sh(host, "virsh start --paused mute")
    console = tab("vm:mute")
    console.see("The VM has no console: there is no <console> among its devices.")
    console.type(b"\r")
    assert console.end() == 1
    sh(host, "virsh destroy mute; virsh undefine mute")


def test_a_console_from_start_to_restart_with_another_in_between(
    host: Bench, tab: Callable[..., Tab]
) -> None:
    console = tab(f"vm:{VM}")
    console.see("The VM is off")
    sh(host, f"virsh start {VM}")
    console.see("Connected")
    console.see(f"{VM} login:")
    console.type(b"root\r")
    console.see("~#")
    console.type(b"echo word-$((6*7))\r")
    console.see("word-42")

    other = tab(f"vm:{VM}")
    other.see("Another program holds this console")
    console.type(b"echo still-$((6*7))\r")
    console.see("still-42")
    other.type(b"\r")
    other.see("Connected")
    console.see("Another console was opened, which took this one's place.")
    other.type(CTRL_BRACKET)
    other.see("The VM goes on.")
    assert other.end() == 0
    console.type(b"\r")
    console.see("Connected")

    sh(host, f"virsh destroy {VM}")
    console.see("The VM is off")
    sh(host, f"virsh start {VM}")
    console.see("Connected")
    console.type(CTRL_BRACKET)
    assert console.end() == 0

    # The first of its name is the first that was opened.
    held = sh(host, f'cat $(grep -l \'"place": "vm:{VM}"\' /var/lib/infralab/recordings/*)')
    header, *events = (json.loads(line) for line in held.splitlines())
    events = [event for event in events if isinstance(event, list)]
    assert header["infralab"]["place"] == f"vm:{VM}"
    assert "echo word-$((6*7))\r" in "".join(data for _, code, data in events if code == "i")
    argv = shell_argv(host, f"vm:{VM}")
    assert header["infralab"]["argv"] == argv[argv.index(RECORDER[-1]) + 2 :]
