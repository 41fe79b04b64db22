"""A cluster that works, and its registry: a stop of the bench ends them, and keeps their disks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from lab_engine.common.patience import patient
from lab_engine.errors import InfralabError
from lab_engine.families.kubernetes.agent import api

kinds: Final[tuple[str, ...]] = ()
SECONDS: Final = 90.0
"""How long the nodes may take to be Ready again."""


def there() -> dict[str, str]:
    """The cluster, by the mark of a node that runs. Raises DaemonDown."""
    if not api.FOLDER.is_dir():
        return {}
    # Every agent asks this; Docker's library is for those that have a cluster.
    from lab_engine.families.kubernetes.agent import cluster, registry

    every = [*cluster.nodes(), *registry.containers()]
    keys = {cluster.key_of(one) for one in every if one["State"] == "running"}
    return {key: f"the {key.replace('/', ' ')}" for key in sorted(keys) if key}


def again(keys: Sequence[str]) -> dict[str, str]:
    from lab_engine.families.kubernetes.agent import registry

    kept = [key for key in keys if key.startswith(f"{registry.KIND}/")]
    left = _nodes_again([key for key in keys if key not in kept])
    for key in kept:
        try:
            if not registry.start(key.partition("/")[2]):
                left[key] = "its registry does not answer"
        except InfralabError as error:
            left[key] = error.message
    return left


def _nodes_again(keys: Sequence[str]) -> dict[str, str]:
    from lab_engine.families.kubernetes.agent import cluster

    if not keys:
        return {}
    try:
        cluster.start_nodes()
        names = [cluster.name_of(one) for one in cluster.nodes()]
        end = time.monotonic() + patient(SECONDS)
        ready: dict[str, bool] = {}
        while not all(ready.get(name) for name in names):
            if time.monotonic() > end:
                late = [name for name in names if not ready.get(name)]
                return dict.fromkeys(keys, f"not ready after {SECONDS:g} s: {', '.join(late)}")
            time.sleep(0.5)
            ready = cluster.ready_nodes()
        # The bridge is another one after a stop, and the routes went with the old one.
        cluster.run("routes.sh", seconds=cluster.ROUTES_SECONDS, key=keys[0])
    except InfralabError as error:
        return dict.fromkeys(keys, error.message)
    return {}
