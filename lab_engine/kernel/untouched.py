"""Files of the bench's image: whether anybody has written them since the bench was made.

The time of the last change of an inode cannot be set by anybody, and what the image brought was
written before there was a bench (inode(7), ctime).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_CREATED: Final = "INFRALAB_CREATED"


def made_at() -> float:
    """When the bench was made, in seconds since 1970; 0 where nobody said so."""
    return float(os.environ.get(_CREATED, "0"))


def written(path: str | Path, folder: int | None = None) -> bool:
    """Whether a file was written in the bench; `folder` is what a relative path begins at.

    Raises OSError when there is none.
    """
    made = made_at()
    return bool(made) and os.stat(path, dir_fd=folder).st_ctime > made
