"""Pods that are ready: they end with the bench, and a kubelet would make new ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lab_engine.families.cri.agent import crictl

kinds: Final[tuple[str, ...]] = ()


def there() -> dict[str, str]:
    """Raises DaemonDown when the daemon does not answer."""
    return {
        f"cri-pod/{one.namespace}/{one.name}": f"pod {one.name}"
        for one in crictl.pods()
        if one.ready
    }


def again(keys: Sequence[str]) -> dict[str, str]:
    """Nothing: a pod that has ended is never started again."""
    return {}
