"""HAProxy, a balancer of the pack `proxies`: read by its stats socket, never made."""

from __future__ import annotations

from typing import Final

from lab_engine.families.family import Drawn, Family, Removal
from lab_engine.families.haproxy import probes

FAMILY: Final = Family(
    name="haproxy",
    threads=2,
    probes=(probes.HaproxiesProbe, probes.HaproxyProbe),
    readers=("readers",),
    inventory="inventory",
    removal={"balancer-server": Removal.PROCESSES},
    drawn={"balancer": Drawn("balancer", "segment", line="─")},
)
