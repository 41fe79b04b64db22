"""Boot and save guests ahead of time.

    python -m lab_engine.families.libvirt.agent.fill [--memory MIB …]

Run as root in the container that may write the cache volume. It starts libvirt there, makes a saved
state for each size, and removes states that no longer fit. Prints one line for each.
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lab_engine.errors import InfralabError, ProviderError
from lab_engine.families.libvirt.agent import domain_xml, states
from lab_engine.families.libvirt.guests import accelerator, small
from lab_engine.families.libvirt.resources import VM

START: Final = "/usr/lib/infralab/bin/start-libvirt"
MEMORY: Final = (192, 256)
"""The sizes in MiB that lessons use: VM's default, and the one of lessons that resize."""
_START_SECONDS: Final = 60


def fill(sizes: Sequence[int]) -> None:
    """Make what is missing in the shared cache, for VMs of these memory sizes.

    Raises:
        ProviderError: libvirt did not start, or a guest could not be booted or saved.
    """
    _prepare()
    started = subprocess.run(
        [START], capture_output=True, text=True, timeout=_START_SECONDS, check=False
    )
    if started.returncode:
        raise ProviderError(
            f"libvirt did not start for filling the cache: {started.stderr.strip()}",
            hint="`infralab doctor` says what this machine lacks.",
        )
    small.ensure()
    answer = accelerator.find()
    _say(f"accelerator: {answer.accelerator} ({answer.reason})")
    states.SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
    kept: set[str] = set()
    for size in sizes:
        machine = domain_xml.hardware(VM("template", memory=size), answer.domain_type)
        state = states.find_or_make(machine, _say, states.SHARED)
        kept.add(state.folder.name)
        _say(f"small guest, {size} MiB: {state.memory.stat().st_size >> 20} MiB saved")
    for folder in states.SHARED.iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
            _say(f"removed a state that no longer fits: {folder.name}")


def _prepare() -> None:
    """What the bench's entrypoint does: a place for our files, an id for libvirt, KVM's device."""
    Path("/run/infralab").mkdir(mode=0o700, parents=True, exist_ok=True)
    identity = Path("/etc/machine-id")
    if not identity.exists() or not identity.read_bytes().strip():
        identity.write_text(f"{uuid.uuid4().hex}\n", encoding="ascii")
    # A container gets only the device nodes that it was started with; the kernel lists what it has.
    known = Path("/proc/misc").read_text(encoding="ascii").split()
    if "kvm" in known and not accelerator.DEVICE.exists():
        # 10 is the misc devices, 232 kvm (the kernel's admin-guide/devices.txt).
        os.mknod(accelerator.DEVICE, stat.S_IFCHR | 0o660, os.makedev(10, 232))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab_engine.families.libvirt.agent.fill")
    parser.add_argument("--memory", type=int, nargs="+", default=list(MEMORY), metavar="MIB")
    try:
        fill(parser.parse_args(argv).memory)
    except InfralabError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
