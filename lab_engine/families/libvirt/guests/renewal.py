"""Give a guest that was restored its own name, machine id, clock, host keys and randomness.

Every copy of a saved state wakes as the guest that was saved. A full guest runs a script for it. In
a small one a shell that was saved with it waits for a line. Emulated, the guest agent needs 0.15 to
0.2 s to start one: fork, exec and the shell are all translated anew after a restore.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from lab_engine.families.libvirt.guests.agent_channel import AgentChannel, GuestSilent

AWAITS_NAME: Final = (Path(__file__).parent / "await_name.sh").read_text(encoding="utf-8")
"""For a small guest that is about to be saved."""
_RENEW: Final = (Path(__file__).parent / "renew.sh").read_text(encoding="utf-8")
_NAME: Final = "/run/infralab-name"
_NAMED: Final = "/run/infralab-named"
_AWAKE_SECONDS: Final = 30.0
_RENEW_SECONDS: Final = 60.0
_SEED_BYTES: Final = 64


def renew(channel: AgentChannel, name: str, uuid: str, *, full: bool) -> None:
    """Returns when the guest has its own. Raises GuestSilent, GuestRefused."""
    if not channel.wait(_AWAKE_SECONDS):
        raise GuestSilent(f"the restored guest did not answer within {_AWAKE_SECONDS:g} s")
    machine_id = uuid.replace("-", "")
    seed = os.urandom(_SEED_BYTES)
    if full:
        channel.script(_RENEW, name, machine_id, stdin=seed, seconds=_RENEW_SECONDS)
        return
    channel.write_file(_NAME, f"{name} {machine_id} {seed.hex()}\n".encode())
    end = time.monotonic() + _RENEW_SECONDS
    # Not there, or not written yet.
    while (channel.read_file(_NAMED) or b"").decode().strip() != name:
        if time.monotonic() > end:
            raise GuestSilent(f"the restored guest took no name within {_RENEW_SECONDS:g} s")
        time.sleep(0.005)
