"""Which nodes there are, and what their engines hold.

Keys: `node/NAME`. The first line of a fingerprint is which container it is and whether it runs; the
second is what its engine has. What a Swarm starts and ends by itself is left out.
"""

from __future__ import annotations

from lab_engine.families.nodes.agent.folder import FOLDER

# Every agent asks this; Docker's library, which the rest needs, is for those that have a node.


def entries() -> dict[str, str]:
    """Every node. Raises DaemonDown when the bench's engine does not answer."""
    if not FOLDER.is_dir():
        return {}
    from lab_engine.families.nodes.agent import held

    return held.entries()


def remove(key: str) -> None:
    """Take a node away by force, with its disk. Absent is no error."""
    from lab_engine.families.nodes.agent import held

    held.remove(key)


def mend(key: str, before: str) -> bool:
    """Start a node again, and take away what its engine has got since; False when that cannot be.

    A node is made anew when something of its own is gone, when its engine was given other settings,
    or when it was in a Swarm and is in another one or in none.
    """
    from lab_engine.families.nodes.agent import held

    return held.mend(key, before)
