"""Containers of containerd that run: their tasks end with the bench, and nobody has them again.

Those of runc and crun are among the learner's processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lab_engine.families.runtimes.agent.containerd import Containerd

kinds: Final[tuple[str, ...]] = ()


def there() -> dict[str, str]:
    """Raises DaemonDown when containerd is there and does not answer."""
    daemon = Containerd()
    if daemon.process() is None:
        return {}
    return {
        f"containerd-container/{one.namespace}/{one.id}": f"container {one.id} of containerd"
        for one in daemon.containers(daemon.namespaces())
        if one.status
    }


def again(keys: Sequence[str]) -> dict[str, str]:
    """Nothing: a task was in memory only."""
    return {}
