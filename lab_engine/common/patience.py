"""Time limits are for an ordinary machine; `INFRALAB_PATIENCE` multiplies them on a slow one.

A whole machine that is emulated is ten to twenty times as slow. The client passes the factor on to
its benches, so both ends wait alike.
"""

from __future__ import annotations

import os
from typing import Final

VARIABLE: Final = "INFRALAB_PATIENCE"
MOST: Final = 100


def factor() -> int:
    """A whole number from 1 (also for anything else that is set) to `MOST`."""
    text = os.environ.get(VARIABLE, "")
    return min(max(int(text), 1), MOST) if text.isdecimal() else 1


def patient(seconds: float) -> float:
    """A time limit in seconds as it is on this machine."""
    return seconds * factor()
