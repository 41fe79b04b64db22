"""Types of processes, settings outside, releases that go back, and an end that is heard."""

from __future__ import annotations

from labs.procfile_and_dynos import config, die_well, procfile, rollback
from labs.procfile_and_dynos.values import lab

__all__ = ["config", "die_well", "lab", "procfile", "rollback"]
