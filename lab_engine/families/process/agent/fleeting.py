"""Services and the learner's programs: they end with the bench, and only a plan makes services.

A service is known here by its process alone, since the log that it leaves bears its mark, too.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from lab_engine.families.process.agent import inventory, service
from lab_engine.families.provider import Owned
from lab_engine.kernel import processes

kinds: Final[tuple[str, ...]] = ()
_LONGEST: Final = 60


def there() -> dict[str, str]:
    programs = {
        f"process/{name}": f"program `{shlex.join(process.argv)[:_LONGEST] or process.name}`"
        for name, process in inventory.learners().items()
    }
    marked = (
        Owned.parse(processes.environment(process.pid).get(service.MARK, ""))
        for process in processes.every().values()
        if not process.ended
    )
    return programs | {one.key: one.key.replace("/", " ", 1) for one in marked if one is not None}


def again(keys: Sequence[str]) -> dict[str, str]:
    return {}
