"""The learner's processes, and the way to end one.

Keys are `process/<pid>-<start>`. Machinery of the bench is left out, and so are the services that a
step declares: a plan makes those again.
"""

from __future__ import annotations

from typing import Final

from lab_engine.errors import ProviderError
from lab_engine.families import machinery
from lab_engine.families.files.agent import cgroups
from lab_engine.families.process.agent.service import MARK
from lab_engine.kernel import processes
from lab_engine.kernel.processes import Process

POLITE_SECONDS: Final = 0.2
END_SECONDS: Final = 3.0


def entries() -> dict[str, str]:
    """Every process that the learner started, key to its user."""
    # A process may rename itself and start another program; it is the same one as long as it lives.
    return {f"process/{name}": process.user for name, process in learners().items()}


def remove(key: str) -> None:
    """End one process. Gone is not an error. Raises ProviderError when it stays."""
    name = key.partition("/")[2]

    def same() -> list[Process]:
        found = processes.of_name(name)
        return [found] if found is not None else []

    for process in same():
        cgroups.thaw(process.pid)
    if processes.end(same, polite=POLITE_SECONDS, limit=END_SECONDS):
        raise ProviderError(f"process {name.partition('-')[0]} does not end", resource=key)


def learners() -> dict[str, Process]:
    """Every process that the learner started, by `<pid>-<start>`."""
    among = processes.every()
    ours = machinery.pids(among)
    return {
        f"{process.pid}-{process.start}": process
        for process in among.values()
        # What has no parent here was started through the outer engine: a terminal's shell.
        if process.pid not in ours
        and process.parent != 0
        and not process.ended
        and MARK not in processes.environment(process.pid)
        # Asked last: a service that is ending has lost its mark, and is still nobody's.
        and processes.has_program(process.pid)
    }
