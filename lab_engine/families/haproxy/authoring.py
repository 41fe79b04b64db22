"""What a lab may ask about HAProxy."""

from __future__ import annotations

from lab_engine.families.haproxy.probes import (
    HaproxiesProbe,
    HaproxiesReading,
    HaproxyProbe,
    HaproxyReading,
    HaproxyServer,
)
from lab_engine.families.haproxy.requirements.balancers import require_balancer

__all__ = [
    "HaproxiesProbe",
    "HaproxiesReading",
    "HaproxyProbe",
    "HaproxyReading",
    "HaproxyServer",
    "require_balancer",
]
