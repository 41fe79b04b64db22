"""Slurm in the bench: a controller and the machines of a farm. It is in the pack `slurm`."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Daemon, Drawn, Family, Removal
from lab_engine.families.slurm import probes

FAMILY: Final = Family(
    name="slurm",
    threads=2,
    # Each slurmd has a socket like it, at another path; this one is the controller's.
    daemon=Daemon(
        "/run/slurmctld/sack.socket",
        # As Debian calls the files behind the names; a stop ends processes by their own names.
        ("slurmctld-wlm", "slurmctld", "slurmd", "slurmstepd"),
        starters=("slurmctld", "slurmd", "slurmstepd"),
        pidfile="/run/slurmctld.pid",
        folders=("/usr/sbin",),
    ),
    probes=(probes.SlurmProbe,),
    readers=("readers",),
    inventory="inventory",
    removal={"slurm-job": Removal.MACHINES, "slurm-machine": Removal.STORES},
    machinery="machinery",
    fleeting="fleeting",
    drawn={
        "slurm-machine": Drawn("machine of the farm", "place", "▦"),
        "slurm-job": Drawn("job", "segment", line="─"),
    },
)
