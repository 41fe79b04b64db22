"""Where things are in the bench: the agent's socket, and what a lesson may use."""

from __future__ import annotations

import re
from typing import Final

AGENT_SOCKET: Final = "/run/infralab/agent.sock"
LIB: Final = "/opt/infralab/lib"
"""Where our own code lies."""
VENV: Final = "/opt/infralab/venv"
PYTHON: Final = f"{VENV}/bin/python"
"""What runs it."""

WATCHED: Final = ("/home/learner", "/srv", "/mnt", "/opt/lab")
"""The folders whose files are listed, and brought back when a step is undone."""

SYSTEM: Final = ("/etc", "/home", "/usr/local", "/root", "/dev/shm")  # noqa: S108 - looked at
"""Folders outside of these that a learner with sudo changes: listed and brought back, too."""

ALLOWED: Final = (*WATCHED, "/etc/infralab", "/var/log/infralab")

MODE_LIMIT: Final = 0o7777
# `\Z`: `$` would let a line end pass.
OWNER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}(:[a-z_][a-z0-9_-]{0,31})?\Z")


def path_problem(path: str, allowed: tuple[str, ...] = ALLOWED) -> str:
    """Why `path` cannot be used, in a few words; empty when it can."""
    if not path.startswith("/"):
        return f"{path!r} is not an absolute path"
    parts = path.split("/")[1:]
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        return f"{path!r} is not written plainly (no '.', '..', '//' or final '/')"
    if not any(path == root or path.startswith(root + "/") for root in allowed):
        return f"{path!r} lies outside {', '.join(allowed)}"
    return ""


def relative_problem(path: str) -> str:
    """Why `path` cannot be used below a folder; empty when it can."""
    if not path or "\0" in path or any(p in ("", ".", "..") for p in path.split("/")):
        return f"{path!r} is not a plain relative path"
    return ""


def mode_problem(mode: int) -> str:
    if not 0 <= mode <= MODE_LIMIT:
        return f"{mode:#o} is not a mode; write it as 0o644"
    return ""


def owner_problem(owner: str) -> str:
    if not OWNER.match(owner):
        return f"{owner!r} is not a user or user:group"
    return ""
