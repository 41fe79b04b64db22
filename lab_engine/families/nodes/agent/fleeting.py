"""Nodes that work: a stop of the bench ends their programs, and keeps their disks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from lab_engine.common.patience import patient
from lab_engine.errors import InfralabError
from lab_engine.families.nodes.agent.folder import FOLDER

kinds: Final[tuple[str, ...]] = ()
SECONDS: Final = 60.0
"""How long their engines may take until they answer."""


def there() -> dict[str, str]:
    """The nodes that run. Raises DaemonDown."""
    if not FOLDER.is_dir():
        return {}
    from lab_engine.families.nodes.agent import at

    names = [at.name_of(one) for one in at.containers() if one["State"] == "running"]
    return {f"node/{name}": f"the node {name}" for name in names}


def again(keys: Sequence[str]) -> dict[str, str]:
    from lab_engine.families.nodes.agent import at

    try:
        start([key.partition("/")[2] for key in keys])
    except InfralabError as error:
        return dict.fromkeys(keys, error.message)
    late = {key for key in keys if not at.answers(key.partition("/")[2])}
    end = time.monotonic() + patient(SECONDS)
    while late and time.monotonic() < end:
        time.sleep(0.2)
        late = {key for key in late if not at.answers(key.partition("/")[2])}
    return dict.fromkeys(sorted(late), f"its engine does not answer after {SECONDS:g} s")


def start(names: Sequence[str]) -> None:
    """Start those that are there and do not run. Raises ProviderError, DaemonDown."""
    from lab_engine.families.docker.agent.engine import WORK_SECONDS, asking
    from lab_engine.families.nodes.agent import at

    for one in at.containers():
        if at.name_of(one) in names and one["State"] != "running":
            what = f"start the node {at.name_of(one)}"
            with asking(what, seconds=WORK_SECONDS) as api:
                api.start(one["Id"])
