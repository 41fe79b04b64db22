"""The same web server as processes, as containers and in virtual machines."""

from __future__ import annotations

from labs.ten_web_servers import containers, crash, machines, processes
from labs.ten_web_servers.values import lab

__all__ = ["containers", "crash", "lab", "machines", "processes"]
