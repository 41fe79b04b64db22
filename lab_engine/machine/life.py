"""A machine's life: made, started, looked at, stopped, removed; one of these at a time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from lab_engine.bench import owner
from lab_engine.common import patience, replacing
from lab_engine.errors import BenchError
from lab_engine.machine import accelerator, image, lock, monitor, place, power, ssh
from lab_engine.machine.accelerator import Accelerator
from lab_engine.machine.place import Place
from lab_engine.settings import Settings

Say = Callable[[str], None]

BOOT_SECONDS: Final = {"kvm": 180, "tcg": 900}
"""From power on until the engine answers; emulated it took 75 to 90 s on two busy processors."""
OFF_SECONDS: Final = {"kvm": 60, "tcg": 180}
UNHEARD_SECONDS: Final = 20


class State(StrEnum):
    """How it stands with the machine."""

    ABSENT = "absent"
    STOPPED = "stopped"
    BEGINS = "begins"
    """QEMU runs, the engine does not answer (yet)."""
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Status:
    """What can be seen of the machine.

    Args:
        state: how it stands.
        pid: QEMU's, while it runs.
        accelerator: `kvm` or `tcg`, of the last start.
        internet: whether it reaches what this computer reaches.
        broken: it ended without having been stopped.
        disk: the bytes that its files take here.
        endpoint: the address of its engine.
    """

    state: State
    pid: int = 0
    accelerator: str = ""
    internet: bool = False
    broken: bool = False
    disk: int = 0
    endpoint: str = ""


def status(where: Place) -> Status:
    """Look at the machine, without changing anything and without waiting for a lock."""
    if not where.docker.exists():
        return Status(State.ABSENT)
    pid = power.running(where)
    noted = where.noted()
    state = State.STOPPED
    if pid:
        state = State.RUNNING if power.answers(where) else State.BEGINS
    return Status(
        state,
        pid,
        str(noted.get("accelerator", "")),
        bool(pid and noted.get("internet")),
        not pid and where.pid.exists(),
        sum(path.stat().st_blocks * 512 for path in where.folder.rglob("*") if path.is_file()),
        f"unix://{where.engine}",
    )


def create(chosen: Settings, say: Say) -> bool:
    """Make the system, the engine's disk and the keys, as far as they are missing; False if none.

    Raises:
        BenchError, ImageError: a program is missing, or there is no room.
    """
    where = place.of(chosen)
    place.check(where)
    power.programs()
    with lock.held(where, say):
        where.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        where.folder.chmod(0o700)
        made = False
        if not image.there(where):
            image.make(where, say)
            made = True
        # Nothing runs on an older one that a start would not find again.
        if not power.running(where):
            for path in image.old(where):
                shutil.rmtree(path, ignore_errors=True)
        if not where.key_disk.exists():
            ssh.make_keys(where)
            made = True
        power.note(where, owner=owner.name(chosen.data_dir))
        # Last: a machine is there when its disk is.
        if not where.docker.exists():
            with replacing.file(where.docker) as fresh:
                power.qemu_img("create", "-q", "-f", "qcow2", str(fresh), str(chosen.machine_disk))
            made = True
    return made


def start(chosen: Settings, say: Say, *, internet: bool = False) -> Accelerator | None:
    """Boot the machine until its engine answers; None if it does already.

    Interrupted or out of time, it is off again.

    Raises:
        BenchError: there is no machine, it does not boot, or somebody else begins or ends it.
    """
    where = place.of(chosen)
    place.check(where)
    with lock.held(where, say):
        if power.running(where) and power.answers(where):
            return None
        if not where.docker.exists():
            raise BenchError("there is no machine", hint="Make it: `infralab machine create`.")
        power.programs()
        if not image.there(where):
            raise BenchError(
                "the machine's system is of another version of infralab",
                hint="Make the new one: `infralab machine create`. What is in its engine stays.",
            )
        found = accelerator.find()
        try:
            if not power.running(where):
                image.verify(where)
                power.power_on(where, chosen, found, internet=internet)
            _wait(where, say, BOOT_SECONDS[found.name])
            ssh.write_docker(where)
        except BaseException:
            power.kill(where)
            raise
        return found


def ready(where: Place) -> bool:
    """Whether the engine answers; made so where QEMU runs and only our connection was lost."""
    if power.answers(where):
        return True
    # Whoever holds the lock boots it, or ends it.
    with suppress(BenchError), lock.held(where, lambda _: None, seconds=0):
        if power.running(where) and not power.answers(where):
            _connect(where, patience.patient(2 * ssh.SECONDS))
    return power.answers(where)


def stop(where: Place, say: Say) -> bool:
    """Switch the machine off; False if it was off.

    Raises:
        BenchError: QEMU is still there, or somebody else begins or ends it.
    """
    with lock.held(where, say):
        was = power.running(where)
        if was:
            say("switching the machine off")
            limit = OFF_SECONDS.get(str(where.noted().get("accelerator")), 180)
            if not power.answers(where):
                # It may not be up yet, and then hears no button.
                limit = UNHEARD_SECONDS
            with suppress(monitor.Silent):
                monitor.ask(where.monitor, "system_powerdown")
                power.until(lambda: not power.running(where), patience.patient(limit))
        power.kill(where)
    return bool(was)


def remove(where: Place, say: Say) -> bool:
    """Stop the machine and remove all that it has here; False if there was nothing.

    Raises:
        BenchError: QEMU or files are still there.
    """
    if not where.folder.exists():
        return False
    with lock.held(where, say):
        # Its disks go, so it need not write to them.
        power.kill(where)
        shutil.rmtree(where.folder, ignore_errors=True)
        if where.folder.exists():
            raise BenchError(
                f"{where.folder} could not be removed",
                hint=f"Remove it with `sudo rm -r {where.folder}`.",
            )
        where.lock.unlink(missing_ok=True)
    return True


def leftovers(where: Place) -> list[Path]:
    """Files of ended starts and of older versions, which nothing needs any more."""
    if power.running(where):
        return []
    killed = list(where.folder.glob(".*.new")) + list(where.folder.glob("*.new"))
    return [*(path for path in where.passing() if path.exists()), *image.old(where), *killed]


def sweep(where: Place, say: Say) -> list[Path]:
    """Remove the leftovers, and give what there was."""
    if not where.folder.exists():
        return []
    with lock.held(where, say):
        found = leftovers(where)
        for path in found:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    return found


def _wait(where: Place, say: Say, limit: float) -> None:
    """Until the engine answers through our connection. Raises BenchError."""
    end = time.monotonic() + patience.patient(limit)
    say("the machine boots")
    while not power.answers(where):
        if not power.running(where):
            raise BenchError(f"the machine ended while it booted: {power.last_words(where)}")
        if time.monotonic() > end:
            raise BenchError(
                f"the machine did not boot in {patience.patient(limit):g} s: "
                f"{power.last_words(where)}",
                hint=f"Its console's end is in {where.log}. On a slow computer, set "
                f"{patience.VARIABLE} to 2 or more.",
            )
        if ssh.stands(where):
            say("the machine's engine starts")
            time.sleep(1)
        elif _connect(where, min(end - time.monotonic() + 1, 60)):
            time.sleep(1)


def _connect(where: Place, seconds: float) -> str:
    where.control.unlink(missing_ok=True)
    try:
        port = monitor.ssh_port(where.monitor)
    except monitor.Silent as error:
        return error.message
    return ssh.connect(where, port, seconds)
