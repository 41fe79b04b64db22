"""Mounts, loop devices and what lies in /tmp: they end with the bench."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

from lab_engine.families.files.agent import inventory, marks

kinds: Final = ("mount", "tmpfs")
_MEMORY: Final = "/tmp"  # noqa: S108 - looked at, not written to
_WORDS: Final = {"mount": "the mount at {}", "loop": "the loop device {}"}


def there() -> dict[str, str]:
    found = {}
    for key in inventory.attached():
        kind, _, name = key.partition("/")
        found[key] = _WORDS[kind].format(name)
    return found | {f"file/{path}": f"the file {path}" for path in _in_memory()}


def _in_memory() -> Iterator[str]:
    user, _ = marks.ids("learner")
    with os.scandir(_MEMORY) as folder:
        for entry in folder:
            # Hidden ones are sockets and locks of programs.
            if not entry.name.startswith(".") and not entry.is_symlink():
                try:
                    if entry.stat(follow_symlinks=False).st_uid == user:
                        yield entry.path
                except FileNotFoundError:
                    continue


def again(keys: Sequence[str]) -> dict[str, str]:
    return {}
