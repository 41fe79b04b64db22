"""How long the rest of a batch may take, by what has been done of it."""

from __future__ import annotations

import time
from collections.abc import Callable

_MINUTE = 60
_HOUR = 3600


class Pace:
    """Begins with the batch; `total` are all that it is to do."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total, self._clock = total, clock
        self._began = clock()

    def left(self, done: int) -> float:
        """Seconds, as if what is left went as what is done did."""
        if not done:
            return float("inf")
        return (self._clock() - self._began) / done * max(0, self.total - done)

    def told(self, done: int) -> str:
        """A clause such as `, about 3 min left`; nothing when all is done."""
        if not 0 < done < self.total:
            return ""
        seconds = self.left(done)
        if seconds < _MINUTE:
            return ", less than a minute left"
        if seconds < 2 * _HOUR:
            return f", about {seconds / _MINUTE:.0f} min left"
        return f", about {seconds / _HOUR:.1f} h left"
