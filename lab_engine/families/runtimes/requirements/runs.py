"""Whether a process runs a command, by its words and by its file (client side)."""

from __future__ import annotations

from collections.abc import Sequence

from lab_engine.families.process.requirements.programs import MULTI_CALL


def runs(argv: Sequence[str], exe: str, wanted: Sequence[str]) -> bool:
    """The program may be called by any path; a file of many commands is any of them."""
    if not argv or [_file(argv[0]), *argv[1:]] != [_file(wanted[0]), *wanted[1:]]:
        return False
    return _file(exe.removesuffix(" (deleted)")) in {_file(wanted[0]), *MULTI_CALL}


def _file(path: str) -> str:
    return path.rpartition("/")[2]
