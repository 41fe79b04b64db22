"""The flows of a bridge. They are not in the database: ovs-ofctl asks for them by OpenFlow."""

from __future__ import annotations

import re
import subprocess
from typing import Final

from lab_engine.common.patience import patient
from lab_engine.errors import DaemonDown
from lab_engine.families.openvswitch.agent.ovsdb import SECONDS
from lab_engine.families.openvswitch.probes import OvsFlow

DEFAULT_PRIORITY: Final = 32768
"""That of a flow that was added without one, which is not shown (ovs-ofctl(8))."""
_VERSIONS: Final = "OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15"
_NUMBERS: Final = {
    "cookie": "cookie",
    "table": "table",
    "n_packets": "packets",
    "n_bytes": "bytes",
    "priority": "priority",
    "idle_timeout": "idle_timeout",
    "hard_timeout": "hard_timeout",
}
_ABOUT: Final = frozenset(
    {
        "duration",
        "idle_age",
        "hard_age",
        "importance",
        "send_flow_rem",
        "check_overlap",
        "reset_counts",
        "no_packet_counts",
        "no_byte_counts",
    }
)
"""What else is told of a flow that is not of its match."""


def read(bridge: str, protocols: tuple[str, ...]) -> tuple[OvsFlow, ...]:
    """All flows, by table and falling priority. Raises DaemonDown.

    `protocols` are those that the bridge speaks. Actions have other names in other versions, so
    the one is used that a learner sees without an option, where the bridge speaks it.
    """
    version = "OpenFlow10" if not protocols or "OpenFlow10" in protocols else _VERSIONS
    seconds = patient(SECONDS)
    words = ["ovs-ofctl", "--no-names", f"--timeout={seconds:.0f}", "-O", version]
    try:
        done = subprocess.run(
            [*words, "dump-flows", bridge],
            capture_output=True,
            text=True,
            # ovs-ofctl gives up first, and says why.
            timeout=seconds + 1,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _silent(bridge, "no answer") from error
    if done.returncode:
        raise _silent(bridge, done.stderr.strip())
    # Each part of an answer has a heading, which is no flow.
    found = [parsed(line) for line in done.stdout.splitlines() if "actions=" in line]
    return tuple(sorted(found, key=lambda flow: (flow.table, -flow.priority)))


def _silent(bridge: str, reason: str) -> DaemonDown:
    return DaemonDown(
        f"Open vSwitch did not tell the flows of {bridge} ({reason})", daemon="openvswitch"
    )


def parsed(line: str) -> OvsFlow:
    """One line of ovs-ofctl's, such as ` cookie=0x0, ..., priority=10,in_port=1 actions=drop`."""
    head, _, actions = line.partition("actions=")
    numbers: dict[str, int] = {}
    match: dict[str, str] = {}
    seconds = 0.0
    for word in re.split(r"[ ,]+", head.strip(" ,")):
        name, _, value = word.partition("=")
        if name in _NUMBERS:
            # A cookie is told in hexadecimal, all else in decimal.
            numbers[_NUMBERS[name]] = int(value, 0)
        elif name == "duration":
            seconds = float(value.removesuffix("s"))
        elif name and name not in _ABOUT:
            match[name] = value
    priority = numbers.pop("priority", DEFAULT_PRIORITY)
    return OvsFlow(priority, actions.strip(), match, seconds=seconds, **numbers)
