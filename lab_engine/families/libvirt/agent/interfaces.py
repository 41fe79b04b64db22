"""The interfaces that libvirt makes: its networks' bridges, and the bench's ends of VMs' cards."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

ADDRESSED: Final = True
_NAMES: Final = re.compile(r"vnet\d+|virbr\d+(-nic)?")
_RUNNING: Final = Path("/run/libvirt/network")
"""Where libvirtd keeps the definition of each network that is up."""
_BRIDGE: Final = re.compile(r"<bridge name='([^']+)'")


def kept(names: Iterable[str]) -> set[str]:
    """Those that have a name such as libvirt gives, or that a network's definition gives."""
    bridges: set[str] = set()
    for path in _RUNNING.glob("*.xml"):
        # A network may be stopped while this is read.
        with suppress(OSError):
            bridges.update(_BRIDGE.findall(path.read_text(errors="replace")))
    return {name for name in names if name in bridges or _NAMES.fullmatch(name)}
