"""The containers that run: a stop of the bench ends their processes, and keeps all else of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import docker.errors

from lab_engine.errors import ProviderError
from lab_engine.families.docker.agent import named
from lab_engine.families.docker.agent.engine import WORK_SECONDS, asking

kinds: Final[tuple[str, ...]] = ()
_ROUNDS: Final = 2
"""One container may share the network of another, which must run first."""


def there() -> dict[str, str]:
    """Raises DaemonDown when the engine does not answer."""
    with asking("list the containers that run") as api:
        names = [entry["Names"][0].lstrip("/") for entry in api.containers()]
    return {f"container/{name}": f"container {name}" for name in names}


def again(keys: Sequence[str]) -> dict[str, str]:
    names = [name for kind, _, name in (key.partition("/") for key in keys) if kind == "container"]
    left: dict[str, str] = {}
    for _ in range(_ROUNDS):
        left = {}
        for name in names:
            try:
                with asking(f"start the container {name}", seconds=WORK_SECONDS) as api:
                    try:
                        api.start(named.container(api, name)["Id"])
                    # Gone since; `--rm` takes a container away as it ends.
                    except docker.errors.NotFound:
                        continue
            except ProviderError as error:
                left[f"container/{name}"] = error.message
        names = [key.partition("/")[2] for key in left]
    return left
