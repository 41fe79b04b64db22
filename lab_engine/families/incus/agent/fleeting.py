"""The instances that run: a stop of the bench ends their processes, and keeps all else of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lab_engine.errors import ProviderError
from lab_engine.families.incus.agent.api import WORK_SECONDS, RefusedError, asking, path
from lab_engine.families.incus.resources import local_name, parted

kinds: Final[tuple[str, ...]] = ()


def there() -> dict[str, str]:
    """Raises DaemonDown when the daemon does not answer."""
    with asking("list the instances that run") as api:
        found = api.get(path("instances", recursion="1", all_projects="true"))
    names = [local_name(one["project"], one["name"]) for one in found if one["status"] == "Running"]
    return {f"incus-instance/{name}": f"instance {name}" for name in names}


def again(keys: Sequence[str]) -> dict[str, str]:
    left: dict[str, str] = {}
    for key in keys:
        project, name = parted(key.partition("/")[2])
        try:
            with asking(f"start the instance {name}", key, seconds=WORK_SECONDS) as api:
                if api.find(path("instances", name, project=project)) is None:
                    continue
                state = path("instances", name, "state", project=project)
                try:
                    api.call("PUT", state, {"action": "start", "timeout": 20})
                except RefusedError as refused:
                    # The daemon starts by itself what ran when it was ended.
                    if "already running" not in refused.message:
                        raise
        except ProviderError as error:
            left[key] = error.message
    return left
