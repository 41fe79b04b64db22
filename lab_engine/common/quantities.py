"""Sizes and times as people and Docker write them: `64m`, `4 GiB`, `90s`.

Our own few lines, for two reasons. Settings are read before anything but Python is installed; and
a bare letter means powers of 1024, as everywhere in Docker. Of the libraries, humanfriendly and
pytimeparse are not kept up, bitmath wants whole names of units, and `docker.utils.parse_bytes`
takes an empty text for 0 and would have labs import the SDK.
"""

from __future__ import annotations

import re
from typing import Final

_SIZE: Final = re.compile(r"(\d+)\s*([kmg]?)(?:i?b)?", re.IGNORECASE)
_BYTES: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_TIME: Final = re.compile(r"(\d+)\s*([smh]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}


def size(text: str) -> int:
    """Bytes.

    >>> size("64m"), size("4 GiB"), size("1048576")
    (67108864, 4294967296, 1048576)

    Raises ValueError for anything else.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no size; write 64m, 1g or a number of bytes")
    return int(match[1]) * _BYTES[match[2].lower()]


def seconds(text: str) -> int:
    """Seconds.

    >>> seconds("90s"), seconds("2h"), seconds("0")
    (90, 7200, 0)

    Raises ValueError for anything else.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no time; write 90s, 30m or 2h")
    return int(match[1]) * _SECONDS[match[2]]
