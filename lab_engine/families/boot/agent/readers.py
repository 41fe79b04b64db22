"""Starts a copy of a learner's system in QEMU, within limits (agent side)."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from lab_engine.common import digest, ordinary
from lab_engine.common.patience import patient
from lab_engine.common.probe import Probe
from lab_engine.families.boot.agent import machine
from lab_engine.families.boot.probes import (
    MEMORY_LIMIT,
    SECONDS_LIMIT,
    WORD,
    Booted,
    BootProbe,
    BootReading,
)
from lab_engine.families.libvirt.resources import SMALL_KERNEL

WHOLE: Final = 64 << 20
"""Bytes of a kernel or an initramfs that are copied."""
_KEPT: Final = 16
_LATE_SECONDS: Final = 120.0
"""What was late may be in time when less else runs, but not at the next look already."""
_BEGINNINGS: Final = {
    b"070701": "cpio",
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
"""Of the archives that the kernel unpacks (its usr/Kconfig has more)."""
_answers: OrderedDict[str, tuple[float, BootReading]] = OrderedDict()
"""By what was asked and the files' content, with the time. One thread alone answers."""


def boot(probe: BootProbe) -> BootReading:
    try:
        initramfs = ordinary.read(Path(probe.initramfs), WHOLE)
    except FileNotFoundError:
        return BootReading(exists=False)
    except OSError as error:
        return BootReading(why=error.strerror or str(error))
    kind = next((word for start, word in _BEGINNINGS.items() if initramfs.startswith(start)), "")
    about = BootReading(size=len(initramfs), kind=kind)
    if not kind:
        # No kernel unpacks it: a machine would only take its time to say so.
        return about
    try:
        kernel = ordinary.read(Path(probe.kernel), WHOLE) if probe.kernel else b""
    except OSError as error:
        return msgspec.structs.replace(about, why=f"{probe.kernel}: {error.strerror or error}")
    asked = digest.of_bytes(msgspec.json.encode(probe))
    key = f"{asked} {digest.of_bytes(initramfs)} {digest.of_bytes(kernel)}"
    made, kept = _answers.get(key, (0.0, None))
    late = kept is not None and any(one.ended == "late" for one in kept.boots)
    if kept is not None and (not late or time.monotonic() < made + _LATE_SECONDS):
        _answers.move_to_end(key)
        return kept
    reading = _started(probe, about, initramfs, kernel)
    if reading.why:
        # No fault of the files (a full disk, say): asked again, it may go.
        return reading
    _answers[key] = (time.monotonic(), reading)
    while len(_answers) > _KEPT:
        _answers.popitem(last=False)
    return reading


def _started(probe: BootProbe, about: BootReading, initramfs: bytes, kernel: bytes) -> BootReading:
    word = secrets.token_hex(4)
    folder = Path(tempfile.mkdtemp(prefix="boot-", dir="/tmp"))
    try:
        (folder / "initramfs").write_bytes(initramfs)
        if kernel:
            (folder / "kernel").write_bytes(kernel)
        if probe.disk:
            machine.disk(folder / "disk", probe.disk)
        command = machine.command(
            str(folder / "kernel") if kernel else SMALL_KERNEL,
            str(folder / "initramfs"),
            probe.append,
            min(probe.memory, MEMORY_LIMIT),
            str(folder / "disk") if probe.disk else "",
        )
        machine.hand_over(folder)
        until = time.monotonic() + patient(min(probe.seconds, SECONDS_LIMIT))
        boots: list[Booted] = []
        for one in probe.boots:
            types = tuple(line.replace(WORD, word) for line in one.types)
            boots.append(machine.run(command, msgspec.structs.replace(one, types=types), until))
            if boots[-1].ended == "late":
                break
        return msgspec.structs.replace(about, word=word, boots=tuple(boots))
    except (OSError, subprocess.SubprocessError) as error:
        return msgspec.structs.replace(about, why=str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


READERS: dict[type[Probe[Any]], Callable[[Any], msgspec.Struct]] = {BootProbe: boot}
