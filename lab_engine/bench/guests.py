"""Guests made ahead of time, in the cache that all benches share.

Both take long the first time and nothing afterwards: the cache's manifest says what it holds.
"""

from __future__ import annotations

from typing import Final

from lab_engine.bench import cache, image
from lab_engine.common.paths import PYTHON

STATES: Final = "saved-states"
FULL: Final = "full-guest"


def ensure_saved_states(progress: image.Progress = lambda _: None) -> bool:
    """Boot and save the guests of the lessons (half a minute under emulation); False if there.

    Raises:
        BenchError: a guest did not boot, or there is no room. Lessons work without, more slowly.
    """
    return _ensure(STATES, "lab_engine.families.libvirt.agent.fill", progress, internet=False)


def ensure_full_guest(progress: image.Progress = lambda _: None) -> bool:
    """Make the full guest from Debian packages (some minutes); False if it is there.

    Raises:
        BenchError: the mirror cannot be reached, or there is no room.
    """
    return _ensure(FULL, "lab_engine.families.libvirt.guests.full", progress, internet=True)


def _ensure(key: str, module: str, progress: image.Progress, *, internet: bool) -> bool:
    # The image's tag stands for all that a guest is made of: its packages and our code.
    tag = image.ensure_image(progress)
    if cache.manifest().get(key, {}).get("image") == tag:
        return False
    cache.write([PYTHON, "-m", module], key=key, internet=internet, progress=progress)
    return True
