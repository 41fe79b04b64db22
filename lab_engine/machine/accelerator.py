"""KVM or emulation, for QEMU on this computer: tried by a guest of a few instructions."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_engine.machine import kvm_guest

DEVICE: Final = Path("/dev/kvm")
SECONDS: Final = 2.0
"""Where KVM does not work, the guest hangs, and nothing but this ends it."""
SLOW: Final = 100.0
"""Milliseconds of CPU time for what takes KVM up to five, and an emulated CPU seven hundred."""
ENDED: Final = 124
"""The code of a try that was ended, as `timeout` has it."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """How QEMU runs a guest's processors: `kvm` or `tcg`, and why it is not the former."""

    name: str
    reason: str = ""

    @property
    def emulated(self) -> bool:
        return self.name == "tcg"


def find() -> Accelerator:
    """What works here. `INFRALAB_ACCELERATOR=tcg` asks for emulation."""
    if os.environ.get("INFRALAB_ACCELERATOR") == "tcg":
        return Accelerator("tcg", "emulation was asked for in the settings")
    if not DEVICE.exists():
        return Accelerator("tcg", f"there is no {DEVICE}")
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return Accelerator("tcg", f"this user may not open {DEVICE} (sudo usermod -aG kvm $USER)")
    words = [sys.executable, "-I", kvm_guest.__file__, str(DEVICE)]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        said = problem(ENDED, "")
    else:
        said = problem(done.returncode, done.stdout.strip())
    return Accelerator("tcg", f"{DEVICE} is there, but {said}") if said else Accelerator("kvm")


def problem(code: int, said: str) -> str:
    """Why no guest can be had, from the end of the attempt; nothing when one ran as it should."""
    if code == ENDED:
        return f"a guest did not come to its end within {SECONDS:g} s"
    word, _, number = said.partition(" ")
    if code != 0 or word != "ran":
        return f"no guest runs on it ({said or f'the attempt ended with {code}'})"
    if float(number) > SLOW:
        return (
            f"a guest is emulated on it, too slow for a system to come up ({float(number):.0f} ms "
            "for what takes 5 ms at most)"
        )
    return ""
