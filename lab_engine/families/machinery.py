"""Which processes are the bench's own machinery, and not the learner's (agent side)."""

from __future__ import annotations

import os
from typing import Final

from lab_engine.common.paths import AGENT_SOCKET
from lab_engine.families.family import Machinery
from lab_engine.families.registry import FAMILIES
from lab_engine.kernel.processes import Process, descendants

INIT: Final = 1
ENTRYPOINT: Final = "/usr/lib/infralab/entrypoint"
TMUX: Final = "-L infralab"
INSIDE: Final = "/opt/infralab/lib/lab_engine/inside/"
AROUND_SHELLS: Final = (INSIDE + "recorder.py", INSIDE + "replayer.py")
AT_PROMPT: Final = INSIDE + "at_prompt.py"


def pids(among: dict[int, Process]) -> set[int]:
    """The machinery: init, agent, relay, terminals, and what each family says is its own.

    What the learner starts beside them is not among it, a second dockerd for instance.
    """
    families: list[Machinery] = [
        one.part(one.machinery) for one in FAMILIES.values() if one.machinery
    ]
    trees: set[int] = set()
    single: set[int] = {INIT}
    for process in among.values():
        if (
            process.pid == os.getpid()
            or _is_entrypoint(process)
            or any(one.whole(process) for one in families)
        ):
            trees.add(process.pid)
        elif (
            _is_relay(process)
            or _is_terminal(process)
            or any(one.alone(process) for one in families)
        ):
            single.add(process.pid)
    return single | shells(among) | descendants(trees, among)


def shells(among: dict[int, Process]) -> set[int]:
    """The shells of the learner's terminals."""
    around = {p.pid for p in among.values() if any(one in p.argv for one in AROUND_SHELLS)}
    # sudo runs the recorder as its child, which is no shell.
    return {p.pid for p in among.values() if p.parent in around} - around


def _is_entrypoint(process: Process) -> bool:
    """What keeps the agent running, which starts programs to look at the bench."""
    # What a learner leaves in the background becomes a child of init, never of this one.
    return process.parent == INIT and ENTRYPOINT in process.argv


def _is_terminal(process: Process) -> bool:
    """What carries the learner's terminal: our tmux, what is around each shell or looks at it."""
    if process.name.startswith("tmux"):
        return TMUX in " ".join(process.argv)
    return any(one in process.argv for one in (*AROUND_SHELLS, AT_PROMPT))


def _is_relay(process: Process) -> bool:
    return process.name == "socat" and any(AGENT_SOCKET in word for word in process.argv)
