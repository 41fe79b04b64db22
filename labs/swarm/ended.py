"""Commands that wait for the end of an update."""

from __future__ import annotations

from labs.swarm.asked import on
from labs.swarm.values import Values


def until(v: Values, state: str, *, seconds: int = 120) -> str:
    """Wait until the latest update is in this state."""
    asked = on(v.first, "service inspect -f '{{.UpdateStatus.State}}'")
    return (
        f'timeout {seconds} sh -c "until [ \\$({asked} {v.shop}) = {state} ]; do sleep 0.5; done"'
    )
