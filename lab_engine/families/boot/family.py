"""Systems that a learner made, started for a moment by the check itself."""

from __future__ import annotations

from typing import Final

from lab_engine.families.boot import probes
from lab_engine.families.family import Family

FAMILY: Final = Family(
    name="boot",
    # One machine at a time: two emulated ones are slower than one after the other.
    threads=1,
    probes=(probes.BootProbe,),
    readers=("readers",),
    answer_seconds=probes.SECONDS_LIMIT + 5,
)
