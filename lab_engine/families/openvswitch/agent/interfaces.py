"""The interfaces that ovs-vswitchd makes: bridges' and ports' internal ones, and its datapath's."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from lab_engine.families.openvswitch.family import FAMILY
from lab_engine.kernel import processes

ADDRESSED: Final = False
"""Who gives an internal interface an address is a person."""
_NAME: Final = "iff:"
"""With the datapath in userspace each is a tap; the kernel says so of the descriptor that holds it
(`tun_chr_show_fdinfo` in drivers/net/tun.c). The database may be down, or say what is not true."""


def kept(names: Iterable[str]) -> set[str]:
    """Those that a descriptor of ovs-vswitchd keeps alive."""
    daemon = FAMILY.daemon and processes.of_pidfile(FAMILY.daemon.pidfile)
    if not daemon:
        return set()
    held: set[str] = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for entry in Path(f"/proc/{daemon.pid}/fdinfo").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                lines = entry.read_text().splitlines()
                held.update(line[len(_NAME) :].strip() for line in lines if line.startswith(_NAME))
    return held.intersection(names)
