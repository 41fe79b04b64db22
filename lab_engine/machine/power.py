"""QEMU as a process: begun, found again, ended.

It is told from any other process by its command line, which has the path of our monitor in it: a
number alone may be somebody else's by now.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from lab_engine.common import patience, replacing
from lab_engine.errors import BenchError
from lab_engine.machine import boot, image, monitor, ssh
from lab_engine.machine.accelerator import Accelerator
from lab_engine.machine.place import Place
from lab_engine.settings import Settings

ANSWER_SECONDS: Final = 5.0
BEGIN_SECONDS: Final = 30
KILL_SECONDS: Final = 10


def running(where: Place) -> int:
    """The process id of our QEMU; 0 when it does not run."""
    try:
        pid = int(where.pid.read_text(encoding="ascii"))
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if words == [b""] and _ends(pid):
            return pid
    except (OSError, ValueError):
        return 0
    wanted = f"unix:{where.monitor}".replace(",", ",,").encode()
    return pid if any(word.startswith(wanted) for word in words) else 0


def _ends(pid: int) -> bool:
    """Whether it is a QEMU on its way out: its memory is gone, and its locks are still held."""
    name, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")
    # A process has 15 characters of its program's name (proc_pid_comm(5)).
    return name.partition("(")[2] == boot.QEMU[:15] and rest.split()[0] not in "ZX"


def answers(where: Place) -> bool:
    """Whether the engine answers at our socket."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(patience.patient(ANSWER_SECONDS))
            line.connect(str(where.engine))
            line.sendall(b"GET /_ping HTTP/1.0\r\nHost: machine\r\n\r\n")
            return line.recv(64).startswith(b"HTTP/1.") and running(where) > 0
    except OSError:
        return False


def power_on(where: Place, chosen: Settings, found: Accelerator, *, internet: bool) -> None:
    for path in where.passing():
        path.unlink(missing_ok=True)
    system = image.folder(where)
    backing = str(system / image.DISK)
    # A new one each time: what somebody does to the system is gone after a stop.
    qemu_img("create", "-q", "-f", "qcow2", "-b", backing, "-F", "qcow2", str(where.root))
    hardware = boot.Hardware(
        memory=chosen.machine_memory,
        cpus=min(chosen.machine_cpus, os.cpu_count() or 1),
        kernel=system / image.KERNEL,
        root=where.root,
        docker=where.docker,
        keys=where.key_disk,
        monitor=where.monitor,
        pid=where.pid,
        internet=internet,
    )
    note(where, accelerator=found.name, internet=internet)
    with where.log.open("wb") as log:
        process = subprocess.Popen(
            boot.argv(hardware, found),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C and a closed terminal are not for it.
            start_new_session=True,
            cwd="/",
        )
    if not until(lambda: process.poll() is not None or _listens(where), BEGIN_SECONDS):
        process.kill()
        process.wait()
    if process.poll() is not None:
        raise BenchError(f"QEMU does not start: {last_words(where)}", hint=_memory_hint(chosen))
    # It outlives this program; one that lives on must take note of its end all the same.
    threading.Thread(target=process.wait, daemon=True, name="qemu").start()


def _listens(where: Place) -> bool:
    try:
        monitor.ssh_port(where.monitor)
    except monitor.Silent:
        return False
    return True


def _memory_hint(chosen: Settings) -> str:
    return (
        f"The machine is to have {chosen.machine_memory >> 20} MiB of memory and "
        f"{chosen.machine_cpus} processors (settings machine_memory and machine_cpus)."
    )


def last_words(where: Place) -> str:
    """The last line of the log, after the console's end was added to it."""
    with suppress(OSError):
        if text := monitor.console(where.monitor):
            with where.log.open("a", encoding="utf-8") as log:
                log.write(f"\n== the console's end\n{text}\n")
        lines = where.log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return "it said nothing"


def kill(where: Place) -> None:
    """End the connection and QEMU, by force where needed, and remove what they leave."""
    ssh.end(where)
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid = running(where)
        if not pid:
            break
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        until(lambda: not running(where), KILL_SECONDS)
    if pid := running(where):
        raise BenchError(
            f"QEMU (process {pid}) does not end", hint="Restart this computer, or look at `dmesg`."
        )
    for path in where.passing():
        path.unlink(missing_ok=True)


def until(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def note(where: Place, **facts: object) -> None:
    text = json.dumps({**where.noted(), **facts}, indent=2)
    replacing.write(where.note, text.encode() + b"\n")


def qemu_img(*words: str) -> None:
    done = subprocess.run(
        ["qemu-img", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise BenchError(
            f"a disk of the machine cannot be made: {done.stderr.strip()}",
            hint="Free some space in infralab's data folder, then try again.",
        )


def programs() -> None:
    """Say what is missing on this computer for a machine."""
    if os.uname().machine != "x86_64":
        raise BenchError(
            f"the machine is made for x86_64, and this computer is {os.uname().machine}",
            hint="Take the course on a computer of that kind, or by DOCKER_HOST=ssh://…",
        )
    wanted = {
        boot.QEMU: "qemu-system-x86",
        "qemu-img": "qemu-utils",
        "ssh": "openssh-client",
        "ssh-keygen": "openssh-client",
    }
    missing = {package: None for name, package in wanted.items() if not shutil.which(name)}
    if missing:
        raise BenchError(
            f"a machine needs {' and '.join(missing)}, not installed on this computer",
            hint=f"Install it: `sudo apt-get install {' '.join(missing)}`.",
        )
