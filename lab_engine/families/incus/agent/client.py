"""Users' own Incus clients, which remember the project that they stand in.

`incus project switch NAME` writes `project: NAME` below the remote in the user's config.yml. A
client that stands in a project that is gone refuses whatever it is asked, with "Project not found",
also after the project's name means nothing any more to who sits before it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

HOMES: Final = ("/root", "/home/*")
_CONFIG: Final = ".config/incus/config.yml"


def leave(project: str, homes: Iterable[str] = HOMES) -> None:
    """Have every client that stands in `project` stand in the project `default` again."""
    line = re.compile(rf"^ +project: [\"']?{re.escape(project)}[\"']?\n", re.MULTILINE)
    for home in homes:
        for config in Path("/").glob(f"{home.lstrip('/')}/{_CONFIG}"):
            _take_out(config, line)


def _take_out(config: Path, line: re.Pattern[str]) -> None:
    # Into the same file, so that it keeps its owner. Not through a link, by which a user would have
    # root write elsewhere.
    try:
        opened = os.open(config, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return
    with os.fdopen(opened, "r+", encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
        rest = line.sub("", text)
        if rest != text:
            file.seek(0)
            file.write(rest)
            file.truncate()
