"""Networks and pools alike: defined or not, active or not, started by themselves or not."""

from __future__ import annotations

from typing import Any

import libvirt

from lab_engine.families.libvirt.agent.connection import found, quietly_absent


def remove(thing: Any) -> None:
    """Take it down and forget its definition."""
    # Somebody else may do the same at this moment: then there is nothing left to do.
    if thing.isActive():
        quietly_absent(thing.destroy, libvirt.VIR_ERR_OPERATION_INVALID)
    if found(thing.isPersistent):
        quietly_absent(thing.undefine, libvirt.VIR_ERR_OPERATION_INVALID)


def drift(thing: Any, *, autostart: bool) -> str:
    """How it stands otherwise than active, defined, and with that setting; empty if it does not."""
    if not thing.isActive():
        return "is not active"
    if not thing.isPersistent():
        return "is not defined any more, it is only active"
    if bool(thing.autostart()) != autostart:
        return "has another autostart setting than wanted"
    return ""
