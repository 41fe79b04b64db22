"""The virtual machine for benches: whether they are to be in it, and how it stands."""

from __future__ import annotations

from typing import Final

from lab_engine.doctor.engine import NOTHING_WORKS, Engine
from lab_engine.doctor.machine import Finding, Machine, State, gib, me
from lab_engine.errors import InfralabError

NAME: Final = "Machine"


def vm(machine: Machine, engine: Engine) -> Finding:
    """How it stands; it is missing only where benches are to be in it."""
    try:
        found = machine.virtual()
    except InfralabError as error:
        return Finding(NAME, State.UNKNOWN, error.message, mend=error.hint)
    if found is None:
        return Finding(
            NAME, State.UNKNOWN, "not looked at yet: the Python packages are not installed",
            mend=me(machine, "setup"),
        )  # fmt: skip
    needed = State.MISSING if engine.machine else State.OK
    lost = NOTHING_WORKS if engine.machine else ""
    if found.state == "absent":
        words = "benches are to be in one, and none is made"
        if not engine.machine:
            words = "none is made, none is needed: benches are in a Docker engine"
        mend = me(machine, "machine create") if engine.machine else ""
        return Finding(NAME, needed, words, lost, mend)
    if found.state != "running":
        words = "is off" if found.state == "stopped" else "runs, and its engine does not answer"
        if not engine.machine:
            return Finding(NAME, State.OK, f"{words}, and is not used")
        return Finding(NAME, needed, words, lost, me(machine, "machine start"))
    words = f"runs, and takes {gib(found.disk)} of this computer's disk"
    words += "" if engine.machine else ", and is not used"
    if found.accelerator == "tcg":
        return Finding(
            NAME,
            State.LIMITED if engine.machine else State.OK,
            f"{words}; it is emulated",
            "Speed: everything in it takes ten to twenty times as long." if engine.machine else "",
            "See KVM in `infralab doctor` of this computer's own engine: INFRALAB_ENGINE=docker"
            if engine.machine
            else "",
        )
    return Finding(NAME, State.OK, words)
